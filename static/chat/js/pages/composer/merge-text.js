/**
 * Two changes of one text, put together: what each has typed stays, where that is possible. Pure.
 */

/**
 * @param {string} base what both began with
 * @param {string} mine
 * @param {string} theirs
 * @returns {string}
 */
export function mergeText(base, mine, theirs) {
  if (mine === theirs || theirs === base) return mine;
  if (mine === base) return theirs;
  const a = changeOf(base, mine);
  const b = changeOf(base, theirs);
  const [first, second] = a.start <= b.start ? [a, b] : [b, a];
  // Both have changed the same words: theirs is kept by the server already, so mine wins here and is saved next.
  if (first.end > second.start) return mine;
  return (
    base.slice(0, first.start) + first.text + base.slice(first.end, second.start) + second.text + base.slice(second.end)
  );
}

/**
 * The one stretch in which two texts differ.
 * @param {string} from
 * @param {string} to
 */
function changeOf(from, to) {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  let same = 0;
  while (same < shorter - start && from.at(-1 - same) === to.at(-1 - same)) same += 1;
  return { start, end: from.length - same, text: to.slice(start, to.length - same) };
}
