// Voice messages: a waveform that is also the seek bar. Players live on when their message is drawn again.

import { here } from "./api.js";
import { el, fill, icon } from "./dom.js";
import { minutes } from "./names.js";

const BARS = 48;
const players = new Map();
let sounding = null;

/** The player of an audio attachment. */
export function player(attachment) {
  if (!players.has(attachment.id)) players.set(attachment.id, build(attachment));
  return players.get(attachment.id);
}

function build(attachment) {
  const audio = new Audio();
  audio.preload = "none";
  audio.src = here(attachment.url);
  const bars = levels(attachment.waveform).map((level) => el("i", { style: { "--level": level } }));
  const length = () => (Number.isFinite(audio.duration) && audio.duration) || attachment.duration_secs || 0;
  const clock = el("span.voice-time", {}, minutes(length()));
  const button = el("button.voice-play", { type: "button", "aria-label": "Play voice message", onclick: () => toggle(audio) }, icon("play"));
  const seek = el("div.waveform", {
    role: "slider", tabIndex: 0, "aria-label": "Position", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0,
    onclick: (event) => jump(audio, length(), event.offsetX / seek.clientWidth),
    onkeydown: (event) => step(audio, length(), event),
  }, bars);
  const draw = () => {
    const share = length() ? audio.currentTime / length() : 0;
    bars.forEach((bar, index) => bar.classList.toggle("heard", index / bars.length < share));
    seek.setAttribute("aria-valuenow", Math.round(share * 100));
    clock.textContent = minutes(audio.paused && !audio.currentTime ? length() : audio.currentTime);
  };
  const state = () => {
    fill(button, icon(audio.paused ? "play" : "pause"));
    button.setAttribute("aria-label", audio.paused ? "Play voice message" : "Pause voice message");
    draw();
  };
  audio.addEventListener("timeupdate", draw);
  for (const event of ["play", "pause", "loadedmetadata"]) audio.addEventListener(event, state);
  audio.addEventListener("ended", () => { audio.currentTime = 0; state(); });
  const failed = () => { clock.textContent = "cannot be played"; };
  audio.addEventListener("error", failed);
  const plain = !attachment.waveform && el("a.file-name", { href: here(attachment.url), download: attachment.filename }, attachment.filename);
  return el("div.voice", { "aria-label": "Voice message", role: "group" }, plain, el("div.voice-row", {}, button, seek, clock));
}

function toggle(audio) {
  if (!audio.paused) return audio.pause();
  if (sounding && sounding !== audio) sounding.pause();
  sounding = audio;
  return audio.play().catch(() => {});
}

function jump(audio, length, share) {
  audio.currentTime = Math.max(0, Math.min(1, share)) * length;
  if (audio.paused) toggle(audio);
}

function step(audio, length, event) {
  const by = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
  if (!by) return;
  event.preventDefault();
  audio.currentTime = Math.max(0, Math.min(length, audio.currentTime + by));
}

/** Base64 of up to 256 bytes → BARS levels from 0 to 1; a flat line where there is none. */
export function levels(waveform) {
  const raw = waveform ? [...atob(waveform)].map((character) => character.charCodeAt(0) / 255) : [0.15];
  return Array.from({ length: BARS }, (_, index) => {
    const from = Math.floor((index * raw.length) / BARS);
    const to = Math.max(from + 1, Math.floor(((index + 1) * raw.length) / BARS));
    return Math.max(...raw.slice(from, to));
  });
}
