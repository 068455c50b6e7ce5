// The microphone: a live waveform while it records, one audio file at the end.

import { el, icon } from "./dom.js";
import { minutes } from "./names.js";

const TYPES = [["audio/ogg;codecs=opus", "ogg"], ["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"]];
const BARS = 40;
const LONGEST_S = 300;

export class RecorderError extends Error {}

export class Recorder {
  #levels = [];

  /** `done(file or null)` hears the end: null when it was thrown away. */
  constructor(done) {
    this.done = done;
    this.time = el("span.voice-time", {}, "0:00");
    this.bars = Array.from({ length: BARS }, () => el("i"));
    this.element = el("div.recorder", { role: "group", "aria-label": "Recording a voice message" },
      el("button.icon-button.danger", { type: "button", title: "Throw away", "aria-label": "Throw the recording away", onclick: () => this.stop(false) }, icon("trash")),
      el("span.record-light", { "aria-hidden": true }), this.time, el("div.waveform.live", { "aria-hidden": true }, this.bars));
  }

  /** Asks for the microphone and begins. Throws RecorderError with what to do instead. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) {
      throw new RecorderError("This browser cannot record here. Drop a sound file on the page instead.");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch {
      throw new RecorderError("The microphone is not available. Allow it for this page, or drop a sound file instead.");
    }
    [this.type, this.ending] = TYPES.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? ["", "webm"];
    this.recorder = new MediaRecorder(this.stream, { ...(this.type && { mimeType: this.type }), audioBitsPerSecond: 32_000 });
    this.chunks = [];
    this.recorder.ondataavailable = ({ data }) => this.chunks.push(data);
    this.recorder.start(250);
    this.#listen();
  }

  #listen() {
    this.context = new AudioContext();
    const analyser = new AnalyserNode(this.context, { fftSize: 512 });
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const began = performance.now();
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#draw(Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length), (performance.now() - began) / 1000);
    }, 100);
  }

  #draw(loudness, seconds) {
    this.#levels.push(Math.min(1, loudness * 5));
    const shown = this.#levels.slice(-BARS);
    this.bars.forEach((bar, index) => bar.style.setProperty("--level", shown[index - (BARS - shown.length)] ?? 0));
    this.time.textContent = minutes(seconds);
    if (seconds >= LONGEST_S) this.stop(true);
  }

  /** Ends the recording; `keep` hands the file to `done`. */
  stop(keep) {
    clearInterval(this.timer);
    this.context.close();
    this.recorder.onstop = () => {
      this.stream.getTracks().forEach((track) => track.stop());
      this.done(keep ? new File(this.chunks, `voice-message.${this.ending}`, { type: this.recorder.mimeType }) : null);
    };
    this.recorder.stop();
  }
}
