// The bot's commands as one flat list, searched by what is typed after the slash.

const SUBCOMMAND = 1;
const GROUP = 2;

/** Slash commands with subcommands spelled out: `{path: "concepts show", description, options, id}`. */
export function flatten(commands) {
  return commands.filter((command) => (command.type ?? 1) === 1).flatMap((command) => spread(command, command.name, command.id));
}

function spread(node, path, id) {
  const options = node.options ?? [];
  const inner = options.filter((option) => option.type === SUBCOMMAND || option.type === GROUP);
  if (!inner.length) return [{ path, id, description: node.description, options }];
  return inner.flatMap((one) => spread(one, `${path} ${one.name}`, id));
}

/** Commands for a message's context menu. */
export const messageCommands = (commands) => commands.filter((command) => command.type === 3);

/** Those whose name fits `typed` (without the slash), best first; where none does, those whose description does. */
export function matching(commands, typed) {
  const wanted = typed.trim().toLowerCase();
  const ranks = [
    ({ path }) => path.startsWith(wanted),
    ({ path }) => path.split(" ").some((word) => word.startsWith(wanted)),
    ({ path }) => path.includes(wanted),
  ];
  const words = ({ path }) => path.split(" ").length;
  const sorted = [...commands].sort((a, b) => words(a) - words(b) || a.path.localeCompare(b.path));
  const found = [...new Set(ranks.flatMap((fits) => sorted.filter(fits)))];
  return found.length ? found : sorted.filter(({ description }) => description.toLowerCase().includes(wanted));
}

/** "/imagine a red house" → {command, rest: "a red house"}; null while no command is fully named. */
export function spelled(commands, text) {
  const fitting = commands.filter(({ path }) => text.startsWith(`/${path} `)).sort((a, b) => b.path.length - a.path.length);
  return fitting.length ? { command: fitting[0], rest: text.slice(fitting[0].path.length + 2) } : null;
}

/** A command as its options read: "/train name class images". */
export const signature = ({ options }) => options.filter((option) => option.required).map((option) => option.name).join(" ");
