"""What compose.yaml and the Dockerfile grant: nothing that a service does not need, and no image that may change."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (REPOSITORY / "Dockerfile").read_text()
PINNED: Final = re.compile(r"[a-z/]+:[0-9a-z.-]+@sha256:[0-9a-f]{64}")

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_the_services_are_the_known_ones() -> None:
    assert set(SERVICES) == {"migrate", "postgres", "valkey", "web"}


@every_service
def test_a_service_has_no_capability_and_gains_no_right(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "devices", "pid", "ipc", "network_mode", "userns_mode"} & set(service)


@every_service
def test_a_service_writes_to_named_volumes_and_bounded_temporary_files_alone(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert all(volume.partition(":")[0] in COMPOSE["volumes"] for volume in service.get("volumes", []))
    assert all("size=" in mount for mount in service["tmpfs"])


@every_service
def test_a_service_s_memory_and_processes_are_bounded(name: str) -> None:
    assert SERVICES[name]["pids_limit"] > 0
    assert re.fullmatch(r"[1-9][0-9]*[mg]", SERVICES[name]["mem_limit"])


@every_service
def test_a_service_does_not_run_as_root(name: str) -> None:
    user = SERVICES[name].get("user") or re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert user not in ("root", "0")


def test_the_database_and_valkey_have_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert [SERVICES[name]["networks"] for name in ("postgres", "valkey", "migrate")] == [["inside"]] * 3
    assert not any("ports" in SERVICES[name] for name in ("postgres", "valkey", "migrate"))
    assert SERVICES["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_every_image_that_is_not_built_here_is_pinned_by_its_digest() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    (base,) = re.findall(r"^ARG PYTHON=(.+)$", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert all(PINNED.fullmatch(image) for image in [*images, base])
    assert {line.split()[1] for line in re.findall(r"^FROM .+$", DOCKERFILE, re.MULTILINE)} == {"${PYTHON}"}


def test_temporary_files_hold_what_bodies_may_take_twice() -> None:
    """Django keeps a body while it arrives, and the file in it once more while a view works on it."""
    from config.settings import BODIES_BYTES

    (megabytes,) = re.findall(r"size=(\d+)m", SERVICES["web"]["tmpfs"][0])
    assert int(megabytes) * 1_000_000 >= 2 * BODIES_BYTES
