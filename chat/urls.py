"""The pages' addresses."""

from django.urls import path

from chat.http import export, files, push, tickets
from chat.pages import example_pages, membership_pages, room_pages, usage_pages, views

urlpatterns = [
    path("", views.home, name="home"),
    path("rooms/", views.browse, name="browse"),
    path("rooms/mine", views.my_rooms, name="my_rooms"),
    path("rooms/last", views.last_room, name="last_room"),
    path("rooms/new", views.create_room, name="create_room"),
    path("invitations", membership_pages.invitations, name="invitations"),
    path("invitations/<slug:slug>", membership_pages.accept_or_decline, name="accept_or_decline"),
    path("rooms/leave", membership_pages.leave_rooms, name="leave_rooms"),
    path("rooms/<slug:slug>/", views.room, name="room"),
    path("rooms/<slug:slug>/data", views.room_data, name="room_data"),
    path("rooms/<slug:slug>/usage", views.room_usage, name="room_usage"),
    path("rooms/<slug:slug>/people", room_pages.people, name="room_people"),
    path("rooms/<slug:slug>/people/like", room_pages.people_like, name="room_people_like"),
    path("rooms/<slug:slug>/invite", room_pages.invite, name="room_invite"),
    path("rooms/<slug:slug>/details", room_pages.details, name="room_details"),
    path("rooms/<slug:slug>/export", export.room_export, name="room_export"),
    path("rooms/<slug:slug>/attachments", files.upload, name="upload"),
    path("attachments/<str:public_id>/<str:name>", files.download, name="attachment"),
    path("sessions/new", views.new_session, name="new_session"),
    path("people/like", views.people_like, name="people_like"),
    path("direct/new", views.new_direct, name="new_direct"),
    path("invite/<str:token>", room_pages.invitation, name="invitation"),
    path("search", views.search, name="search"),
    path("usage", usage_pages.own, name="usage"),
    path("examples/stream", example_pages.stream, name="stream_example"),
    path("api/socket-ticket", tickets.socket_ticket, name="socket_ticket"),
    path("api/push-subscription", push.push_subscription, name="push_subscription"),
    # At the root: a service worker sees the pages below its own address, and no others.
    path("service-worker.js", push.service_worker, name="service_worker"),
    path("manifest.webmanifest", push.manifest, name="manifest"),
]
