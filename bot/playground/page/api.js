// The control API (CONTROL.md), one method a call, all as `user`.

export class ApiError extends Error {}

export class Api {
  user = null;

  state() { return call("GET", "/control/state"); }
  guilds() { return call("GET", `/control/guilds?${this.#as()}`); }
  direct() { return call("POST", "/control/dms", { user: this.user }); }
  commands(channel) { return call("GET", `/control/commands?${this.#as({ channel })}`); }
  messages(channel, page = {}) { return call("GET", `/control/channels/${channel}/messages?${this.#as(page)}`); }

  send(channel, { content, files = [], replyTo = null }) {
    const body = { user: this.user, content, files: partNames(files), ...(replyTo && { reply_to: replyTo }) };
    return call("POST", `/control/channels/${channel}/messages`, body, named(files));
  }

  voice(channel, { file, replyTo = null }) {
    const body = { user: this.user, file: "f0", ...(replyTo && { reply_to: replyTo }) };
    return call("POST", `/control/channels/${channel}/voice`, body, { f0: file });
  }

  edit(channel, message, content) {
    return call("PATCH", `/control/channels/${channel}/messages/${message}`, { user: this.user, content });
  }

  remove(channel, message) { return call("DELETE", `/control/channels/${channel}/messages/${message}?${this.#as()}`); }

  react(channel, message, emoji, on) {
    const path = `/control/channels/${channel}/messages/${message}/reactions/${encodeURIComponent(emoji)}`;
    return call(on ? "PUT" : "DELETE", `${path}?${this.#as()}`);
  }

  autocomplete(channel, command, options, focused) {
    return call("POST", "/control/autocomplete", { user: this.user, channel, command, options, focused });
  }

  /** Runs a command; Files among `options` travel as parts of the request. */
  run(channel, command, { options = {}, target = null }) {
    const files = {};
    const values = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, attached(value, files)]));
    return call("POST", "/control/run", { user: this.user, channel, command, options: values, ...(target && { target }) }, files);
  }

  press(message, customId) {
    return call("POST", "/control/press", { ...this.#on(message), custom_id: customId });
  }

  select(message, customId, values) {
    return call("POST", "/control/select", { ...this.#on(message), custom_id: customId, values });
  }

  /** Submits a modal; a list with Files in `values` becomes a list of part names. */
  submit(modal, values) {
    const files = {};
    const sent = Object.fromEntries(Object.entries(values).map(([id, value]) =>
      [id, Array.isArray(value) ? value.map((one) => attached(one, files)) : value]));
    return call("POST", `/control/modals/${modal}`, { user: this.user, values: sent }, files);
  }

  #as(more = {}) { return new URLSearchParams({ user: this.user, ...more }); }
  #on(message) { return { user: this.user, channel: message.channel_id, message: message.id }; }
}

async function call(method, path, body = null, files = {}) {
  const response = await fetch(path, { method, ...payload(body, files) }).catch(() => null);
  if (!response) throw new ApiError("The playground does not answer. Is it still running?");
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer.error ?? `The playground answered ${response.status}.`);
  return answer;
}

function payload(body, files) {
  if (body === null) return {};
  const json = JSON.stringify(body);
  if (!Object.keys(files).length) return { body: json, headers: { "Content-Type": "application/json" } };
  const form = new FormData();
  form.append("payload", json);
  for (const [name, file] of Object.entries(files)) form.append(name, file, file.name);
  return { body: form };
}

const partNames = (files) => files.map((_, index) => `f${index}`);
const named = (files) => Object.fromEntries(files.map((file, index) => [`f${index}`, file]));

function attached(value, files) {
  if (!(value instanceof File)) return value;
  const name = `f${Object.keys(files).length}`;
  files[name] = value;
  return name;
}

/** The address of a file under the page's own origin, kept the same while its signature holds. */
const known = new Map();
export function here(url) {
  const parsed = new URL(url, location.href);
  const signed = parsed.searchParams.has("ex");
  if (!signed) return parsed.origin === location.origin ? parsed.href : null;
  const old = known.get(parsed.pathname);
  if (!old || parseInt(old.searchParams.get("ex"), 16) * 1000 < Date.now() + 60_000) known.set(parsed.pathname, parsed);
  const kept = known.get(parsed.pathname);
  return kept.pathname + kept.search;
}
