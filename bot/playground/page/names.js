// How people, times and sizes are written.

import { el } from "./dom.js";

export const nameOf = (user, member = null) => member?.nick ?? user.global_name ?? user.username;

/** A colour wheel angle that belongs to an id; ids in a row get angles far apart. */
export function hue(id) {
  return Math.round(Number(BigInt(id) % 9973n) * 137.508) % 360;
}

/** A drawn avatar: the first letter on the person's own colour, the application's mark for a bot. */
export function avatar(user, spec = "span.avatar") {
  const letter = user.bot ? "" : nameOf(user).slice(0, 1).toUpperCase();
  return el(spec, { class: user.bot ? "bot-mark" : "", style: { "--hue": hue(user.id) }, "aria-hidden": true }, letter);
}

export function initials(name) {
  return name.split(/\s+/).map((word) => word.slice(0, 1)).join("").slice(0, 3).toUpperCase();
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

export const clock = (date) => CLOCK.format(date);
export const day = (date) => DAY.format(date);
export const full = (date) => FULL.format(date);

export function when(date) {
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  const text = { 0: "Today at ", 1: "Yesterday at " }[days];
  return text ? text + clock(date) : new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" }).format(date);
}

export const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "in 2 minutes", "3 hours ago". */
export function relative(date, now = Date.now()) {
  const seconds = Math.round((date.getTime() - now) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

export function bytes(size) {
  if (size < 1024) return `${size} B`;
  return size < 1024 ** 2 ? `${(size / 1024).toFixed(1)} KB` : `${(size / 1024 ** 2).toFixed(2)} MB`;
}

/** 75 seconds → "1:15". */
export function minutes(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
