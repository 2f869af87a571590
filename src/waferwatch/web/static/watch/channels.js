// Where messages about alarms go: webhooks and mail addresses, a test message, and what could not be delivered.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { byId, element, text, whole } from "../text.js";

const path = (name, rest = "") => `/alarms/channels/${encodeURIComponent(name)}${rest}`;

async function tried(work) {
  clearProblem();
  try {
    await work();
    await showChannels();
  } catch (problem) {
    showProblem(problem);
  }
}

/** Read the channels and the messages that were given up. */
export async function showChannels() {
  const [{ channels }, { messages }] = await Promise.all([ask("/alarms/channels"), ask("/alarms/dead-letters")]);
  byId("channels").replaceChildren(...channels.map(channelItem));
  byId("dead").hidden = messages.length === 0;
  byId("dead-letters").replaceChildren(...messages.map(deadItem));
  const dead = messages.length ? text("not delivered: {count}", { count: whole(messages.length) }) : "";
  byId("messages-state").textContent = [whole(channels.length), dead].filter(Boolean).join(" · ");
}

function channelItem(channel) {
  const name = element("strong", { content: channel.name });
  const off = channel.disabled_because
    ? text("off: {reason}", { reason: channel.disabled_because })
    : text("switched off");
  const facts = [channel.target, channel.enabled ? "" : off].filter(Boolean).join(" · ");
  const item = element("li", {}, element("span", {}, name, ` ${facts}`), element("span", { className: "alarm-acts" }));
  const acts = item.lastChild;
  if (channel.enabled) {
    acts.append(
      button(text("Send a test message"), async () => {
        await ask(path(channel.name, "/test"), { method: "POST" });
        announce(text("A test message was sent to {name}.", { name: channel.name }));
      }),
    );
  }
  acts.append(
    button(channel.enabled ? text("Switch off") : text("Switch on"), () =>
      ask(path(channel.name), { method: "PATCH", body: { enabled: !channel.enabled } }),
    ),
    button(text("Remove"), () => ask(path(channel.name), { method: "DELETE" })),
  );
  return item;
}

function deadItem(message) {
  const again = `/alarms/dead-letters/${encodeURIComponent(message.message)}/send-again`;
  return element(
    "li",
    {},
    element("span", { content: `${message.channel} · ${message.subject} (${message.failure ?? ""})` }),
    button(text("Send again"), () => ask(again, { method: "POST" })),
  );
}

function button(title, work) {
  const made = element("button", { type: "button", className: "btn btn-sm btn-outline-secondary", content: title });
  made.addEventListener("click", () => tried(work));
  return made;
}

byId("messages").addEventListener("toggle", () => tried(async () => {}));
byId("channel-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const target = byId("channel-target").value.trim();
  const body = {
    name: byId("channel-name").value.trim(),
    kind: target.includes("://") ? "webhook" : "mail",
    target,
    language: byId("channel-language").value,
  };
  tried(async () => {
    const made = await ask("/alarms/channels", { method: "POST", body });
    byId("channel-form").reset();
    byId("channel-secret").hidden = !made.secret;
    byId("channel-secret").textContent = text("Its secret, shown this once: {secret}", { secret: made.secret ?? "" });
  });
});
