/**
 * What is said about a reply of Claude: its state, why it ended, what it used. Pure.
 */

import { fullNameInText, nameInText } from "../people/shown-name.js";
import { isOpen } from "../../client/streams/stream-state.js";

/** @typedef {import("../../protocol.d.ts").Reply} Reply */

const MICRO = 1_000_000;
const CENTS_SHOWN_FROM = 0.1;
// Made once: `toLocaleString` makes one for every number.
const count = new Intl.NumberFormat("en");

/** Endings that a reader should know of although the reply is complete. @type {Record<string, string>} */
const STOP_REASONS = {
  max_tokens: "Stopped at the length limit.",
  refusal: "Claude declined to reply to this.",
  model_context_window_exceeded: "The conversation has grown beyond what Claude can read at once.",
  tool_limit: "Stopped after too many tool calls.",
  budget: "Stopped at the spending limit.",
};

const NO_REPLY = "Claude gave no reply.";

/** @type {Record<string, string>} */
const TOOLS = {
  search_messages: "Searched the messages", search_history: "Searched the messages",
  list_members: "Looked up the members", read_attachment: "Read a file",
  web_search: "Searched the web", web_fetch: "Opened a page",
};

/** While they run. @type {Record<string, string>} */
const LOOKUPS = { web_search: "Searching the web", web_fetch: "Opening a page" };

/**
 * Which model replies, and how it was asked to.
 * @param {Reply} reply
 */
export function modelWords({ model, effort, withoutThinking }) {
  return [model, effort && `${effort} effort`, withoutThinking && "no thinking"].filter(Boolean).join(", ");
}

/**
 * While it is open: one line that says what happens.
 * @param {string} state
 * @param {boolean} hasText
 */
export function progressWords(state, hasText) {
  if (state === "queued") return "Waiting for its turn";
  return hasText ? "Claude is writing" : "Claude is thinking";
}

/**
 * How it ended, if that is not simply well.
 * @param {Reply} reply
 * @param {string} content what it says
 * @returns {{text: string, title?: string, isError: boolean} | null} title: who is meant, in full
 */
export function endingWords({ state, stopReason, stoppedBy, error, goneModel }, content) {
  if (state === "stopped" && stoppedBy)
    return { text: `Stopped by ${nameInText(stoppedBy)}.`, title: fullNameInText(stoppedBy), isError: false };
  if (state === "stopped") return { text: "Stopped.", isError: false };
  if (state === "interrupted") return { text: `Interrupted. ${error ?? ""}`.trim(), isError: true };
  if (state === "failed") return { text: error ?? "Claude could not reply.", isError: true };
  const reason =
    error ?? STOP_REASONS[stopReason ?? ""] ?? (state === "complete" && content.trim() === "" ? NO_REPLY : undefined);
  const gone = goneModel && `${goneModel} isn't offered any more, so another model replied.`;
  return reason || gone ? { text: [reason, gone].filter(Boolean).join(" "), isError: false } : null;
}

/** @param {Reply} reply @param {string} content */
export function mayContinue({ state, stopReason }, content) {
  return (
    content !== "" &&
    (state === "interrupted" || state === "stopped" || (state === "complete" && stopReason === "max_tokens"))
  );
}

/** @param {Reply} reply */
export const mayRetry = ({ state }) => !isOpen(state);

/** @param {Reply} reply @returns {string} "" while nothing is known, and where nothing was used */
export function usageWords({ usage, cost, demo }) {
  if (demo) return "Demo: nothing was spent";
  if (!usage) return "";
  const read = usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens;
  if (!read && !usage.outputTokens && !cost) return "";
  const tokens = `${count.format(read)} tokens in, ${count.format(usage.outputTokens)} out`;
  const searches = usage.webSearchRequests ?? 0;
  const used = searches ? `${tokens}, ${count.format(searches)} web search${searches === 1 ? "" : "es"}` : tokens;
  return cost === undefined ? used : `${used} · ${dollars(cost)}`;
}

/** @param {import("../../protocol.d.ts").PromptEstimate} estimate @returns {string} "" where it costs nothing */
export function estimateWords({ likely, most }) {
  return most ? `About ${dollars(likely)}, at most ${dollars(most)}` : "";
}

/** @param {number} microusd */
function dollars(microusd) {
  const amount = microusd / MICRO;
  if (amount === 0) return "$0";
  return `$${amount.toFixed(amount < CENTS_SHOWN_FROM ? 4 : 2)}`;
}

/** @param {number | null} ms how long it has thought, if this tab saw it */
export function thoughtWords(ms) {
  return ms === null ? "Thought" : `Thought for ${Math.max(1, Math.round(ms / 1000))} s`;
}

/** Whose page it is: what a reader should see of an address. @param {string} url @returns {string} */
export function siteOf(url) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.hostname.replace(/^www\./, "") : "";
}

/** @param {import("../../protocol.d.ts").ToolUse} tool @param {boolean} isOver whether its reply has ended */
export function toolWords({ name, result }, isOver) {
  if (!isOver && !result && Object.hasOwn(LOOKUPS, name)) return LOOKUPS[name];
  return Object.hasOwn(TOOLS, name) ? TOOLS[name] : `Used ${name.replaceAll("_", " ")}`;
}
