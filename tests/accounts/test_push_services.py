"""Where a subscription may have us send: to the push services that are allowed, and nowhere else."""

from typing import Any

import pytest

from accounts.push_services import host_of, is_allowed

REAL = [
    "https://fcm.googleapis.com/fcm/send/dGVzdA:APA91bF-x_y",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl",
    "https://web.push.apple.com/QGuQyavXutnMH",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2fx",
    "https://fcm.googleapis.com:443/fcm/send/x",
]
FOREIGN = [
    "http://fcm.googleapis.com/fcm/send/x",
    "https://fcm.googleapis.com:8443/fcm/send/x",
    "https://fcm.googleapis.com:/x",
    "https://fcm.googleapis.com",
    "https://FCM.googleapis.com/x",
    "https://evil.example/fcm.googleapis.com/",
    "https://fcm.googleapis.com.evil.example/x",
    "https://evilfcm.googleapis.com/x",
    "https://push.apple.com.evil.example/x",
    "https://push.apple.com/x",
    "https://evilpush.apple.com/x",
    "https://me@fcm.googleapis.com/x",
    "https://fcm.googleapis.com@evil.example/x",
    "https://evil.example\\@fcm.googleapis.com/x",
    "https://fcm.googleapis.com\\@evil.example/x",
    "https://evil.example#.push.apple.com/x",
    "https://evil.example?.push.apple.com/x",
    "https://fcm.googleapis.com./x",
    "https://fcm.googleapis.com/x\n",
    "https://fcm.googleapis.com/x y",
    "https://fcm.googleapis.com/x#y",
    "https://fcm.googleapis.com/\x00",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/x",
    "file:///etc/passwd",
    "//fcm.googleapis.com/x",
    "",
]


@pytest.mark.parametrize("endpoint", REAL)
def test_the_services_of_the_browsers_are_allowed(endpoint: str) -> None:
    assert is_allowed(endpoint)


@pytest.mark.parametrize("endpoint", FOREIGN)
def test_anything_else_is_refused(endpoint: str) -> None:
    assert not is_allowed(endpoint)


def test_the_operator_may_name_a_service_of_their_own(settings: Any) -> None:
    settings.PUSH_SERVICES = ["push.example.org:8443", "*.push.example.net"]
    assert is_allowed("https://push.example.org:8443/x")
    assert is_allowed("https://a.push.example.net/x")
    assert not is_allowed("https://push.example.org/x")
    assert not is_allowed(REAL[0])


@pytest.mark.parametrize("service", ["*", "*.", "", ".com"])
def test_a_slip_in_the_setting_does_not_open_everything(settings: Any, service: str) -> None:
    settings.PUSH_SERVICES = [service]
    assert not is_allowed("https://evil.example.com/x")


def test_a_log_gets_the_service_s_name_alone() -> None:
    assert host_of(REAL[0]) == "fcm.googleapis.com"
