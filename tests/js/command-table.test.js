/** The composer's commands: which may be done, what is a command, and that everything else stays the message it was. */

import { COMMANDS, commandsLike, readCommand } from "chat/pages/composer/command-table.js";
import { equal, ok, test } from "./testing.js";

const facts = (role, kind = "closed") => ({ role, room: { kind } });
const OWNER = facts("owner");
const MEMBER = facts("member");
const names = (...asked) => commandsLike(...asked).map(({ name }) => name);
const done = (text, who = OWNER) => {
  const { command, argument } = readCommand(text, who);
  return [command?.name, argument];
};

test("only what the person may do is offered", () => {
  equal(names("", OWNER), COMMANDS.map(({ name }) => name));
  equal(names("", facts("moderator")), names("", OWNER));
  equal(names("", MEMBER), ["search", "mute", "unmute", "leave", "help"]);
  equal(names("", facts("owner", "direct")), ["search", "mute", "unmute", "help"]);
  equal(names("", facts(null, "open")), ["search", "help"]);
  equal([names("MU", MEMBER), names("top", MEMBER)], [["mute"], []]);
});

test("a command is its name and, where it takes something, that", () => {
  equal(done("/topic  Beds, and paths "), ["topic", "Beds, and paths"]);
  equal(done("/Invite @bob"), ["invite", "@bob"]);
  equal(done("/mute "), ["mute", ""]);
});

test("what is no command is a message to the letter", () => {
  const texts = ["/", "/nothing here", "/etc/hosts", " /mute", "/mute\nand more", "/topic a\nb", "// a comment", "//nothing", "/mute/", "mute", "/topics", "/ mute", "///mute"];
  for (const text of texts) equal(readCommand(text, OWNER), { message: text });
});

test("two signs send the text of a command, with one", () => {
  equal(readCommand("//topic is a word", OWNER), { message: "/topic is a word" });
  equal(readCommand("//mute", MEMBER), { message: "/mute" });
});

test("a command that does not fit or may not be used is neither done nor sent", () => {
  const refused = [["/topic", OWNER], ["/topic  ", OWNER], ["/invite bob and carol", OWNER], ["/leave the house", OWNER], ["/topic mine", MEMBER], ["/leave", facts("member", "direct")]];
  for (const [text, who] of refused) {
    const read = readCommand(text, who);
    ok(read.problem?.includes("begin with //") && !("message" in read) && !("command" in read), text);
  }
});

test("what a command asks of the server", async () => {
  const asked = [];
  const hands = {
    slug: "lab", request: async (...request) => (asked.push(request), { user: { username: "bob" } }),
    say: (text) => asked.push(text), go: (href) => asked.push(href), write: (text) => asked.push(text),
  };
  for (const text of ["/topic A & B", "/invite @Bob", "/search a&b c", "/unmute", "/leave", "/help"]) {
    const { command, argument } = readCommand(text, OWNER);
    await command.run(hands, argument);
  }
  equal(asked, [
    ["update_room", { room: "lab", topic: "A & B" }],
    ["add_member", { room: "lab", user: "bob" }], "bob is in this room now.",
    "/search?room=lab&q=a%26b%20c",
    ["mute_room", { room: "lab", muted: false }], "You will be notified again.",
    ["quit_room", { room: "lab" }], "/rooms/",
    "/",
  ]);
});
