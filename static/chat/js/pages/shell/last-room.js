/*
 * On a wide screen the start page leads straight on to the room that was open last. Blocks, so that the list does not
 * flash up first; on phones the list is the start.
 */
(function () {
  try {
    const last = localStorage.getItem("parley.last-room");
    if (last && matchMedia("(min-width: 48rem)").matches) {
      // The server knows whether this reader may still read it.
      location.replace("/rooms/last?room=" + encodeURIComponent(last));
    }
  } catch {
    // Without storage there is no last room.
  }
})();
