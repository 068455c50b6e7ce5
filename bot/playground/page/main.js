// Puts the parts together and starts the page.

import { Api } from "./api.js";
import { App } from "./app.js";
import { Composer } from "./composer.js";
import { acceptDrops, acceptPastes } from "./drop.js";
import { EventStream } from "./events.js";
import { Hints } from "./hints.js";
import { Layout } from "./layout.js";
import { Lightbox } from "./lightbox.js";
import { MessageList } from "./list.js";
import { keepMomentsFresh } from "./markdown.js";
import { Menus } from "./menu.js";
import { Modals } from "./modal.js";
import { Store } from "./store.js";
import { Suggestions } from "./suggestions.js";

const at = (id) => document.getElementById(id);

function assemble() {
  const app = new App({ api: new Api(), store: new Store() });
  app.toasts = at("toasts");
  app.lightbox = new Lightbox();
  app.suggestions = new Suggestions();
  app.menu = new Menus(app);
  app.modals = new Modals(app);
  app.list = new MessageList({ app, scroller: at("scroller"), log: at("log") });
  app.layout = new Layout({ app, rail: at("rail"), sidebar: at("sidebar"), topbar: at("topbar"), banner: at("banner"), root: at("app") });
  app.composer = new Composer({ app, dock: at("dock") });
  app.hints = new Hints({ app, element: at("hints") });
  app.stream = new EventStream({ hear: (event) => app.hear(event), connected: (on, how) => app.connected(on, how) });
  return app;
}

function listen(app) {
  const stage = document.querySelector(".conversation");
  const label = () => (app.composer.form ? `Drop to fill in /${app.composer.form.command.path}` : `Drop to send with your message`);
  acceptDrops(stage, { label, take: (files) => app.composer.files(files) });
  acceptPastes(stage, (files) => app.composer.files(files));
  document.addEventListener("click", (event) => openCommand(app, event.target.closest("[data-command]")));
  keepMomentsFresh(document.body);
}

/** A pressed command mention opens the command. */
function openCommand(app, element) {
  const command = element && app.store.commands.find(({ path }) => path === element.dataset.command);
  if (command) app.composer.open(command);
  else if (element) app.toast(`The bot has no command /${element.dataset.command}`);
}

async function start() {
  const app = assemble();
  listen(app);
  try {
    await app.start();
    await app.hints.start();
  } catch (problem) {
    app.toast(problem.message);
    throw problem;
  }
}

start();
