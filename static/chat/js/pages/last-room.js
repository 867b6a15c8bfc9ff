/*
 * On a wide screen the start page leads straight on to the room that was open last. Blocks, so that the list does not
 * flash up first; on phones the list is the start.
 */
(function () {
  try {
    var last = localStorage.getItem("parley.last-room");
    var rooms = document.currentScript.dataset.rooms.split(" ");
    if (last && rooms.indexOf(last) >= 0 && matchMedia("(min-width: 48rem)").matches) {
      location.replace("/rooms/" + last + "/");
    }
  } catch (_) {
    // Without storage there is no last room.
  }
})();
