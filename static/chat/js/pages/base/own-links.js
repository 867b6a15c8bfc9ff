/**
 * Addresses of this server's own rooms and messages: those open in this tab.
 */

export const ROOM_PATH = /^\/rooms\/([a-z0-9-]{1,50})\/$/;

/** Whether it leads to another place of the same page. @param {string} href */
export const isWithin = (href) => href.startsWith("#");

/** @param {string} href */
export function isOwnRoom(href) {
  const url = parsed(href);
  return url?.origin === location.origin && ROOM_PATH.test(url.pathname);
}

/** @param {string} href */
function parsed(href) {
  try {
    return new URL(href, location.href);
  } catch {
    return null;
  }
}
