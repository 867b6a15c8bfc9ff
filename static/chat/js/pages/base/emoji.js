/**
 * The emoji that can be picked or typed by name. A short list: people use few, and a long one is a search of its own.
 */

/** @type {readonly [sign: string, name: string][]} */
export const EMOJI = [
  ["👍", "thumbsup"], ["❤️", "heart"], ["😂", "joy"], ["🎉", "tada"], ["🙏", "pray"], ["👀", "eyes"], ["✅", "check"],
  ["😀", "grinning"], ["😊", "blush"], ["😉", "wink"], ["😍", "heart_eyes"], ["🤔", "thinking"], ["😅", "sweat_smile"],
  ["😢", "cry"], ["😮", "open_mouth"], ["😎", "sunglasses"], ["🥳", "partying"], ["😴", "sleeping"], ["🤝", "handshake"],
  ["👏", "clap"], ["🙌", "raised_hands"], ["💪", "muscle"], ["👋", "wave"], ["👎", "thumbsdown"], ["💡", "bulb"],
  ["🚀", "rocket"], ["🔥", "fire"], ["⭐", "star"], ["✨", "sparkles"], ["💯", "hundred"], ["⚡", "zap"], ["🐛", "bug"],
  ["🛠️", "tools"], ["📌", "pin"], ["📝", "memo"], ["❓", "question"], ["❗", "exclamation"], ["❌", "x"],
  ["⏳", "hourglass"], ["☕", "coffee"], ["🍰", "cake"], ["🌱", "seedling"],
];

/** @param {string} part of a name @returns {readonly [sign: string, name: string][]} */
export function emojiLike(part) {
  const wanted = part.toLowerCase();
  const begins = EMOJI.filter(([, name]) => name.startsWith(wanted));
  return [...begins, ...EMOJI.filter(([, name]) => !name.startsWith(wanted) && name.includes(wanted))];
}
