// The live stream of what a user may see; reconnects by itself.

export class EventStream {
  #socket = null;
  #retry = null;
  #tries = 0;

  constructor({ hear, connected }) {
    this.hear = hear;
    this.connected = connected;
  }

  /** Follows what `user` sees from now on; resolves when the stream is open. */
  follow(user) {
    this.close();
    this.user = user;
    return new Promise((resolve) => this.#open(resolve));
  }

  close() {
    clearTimeout(this.#retry);
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
  }

  #open(opened = () => {}) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/control/events?user=${encodeURIComponent(this.user)}`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.event !== "hello") return this.hear(event);
      this.connected(true, { again: this.#tries > 0 });
      this.#tries = 0;
      return opened();
    };
    socket.onclose = () => {
      this.#tries += 1;
      this.connected(false, { again: false });
      this.#retry = setTimeout(() => this.#open(opened), Math.min(5000, 400 * 2 ** this.#tries));
    };
  }
}
