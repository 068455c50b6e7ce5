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

/** Those that fit `typed` (without the slash), best first. */
export function matching(commands, typed) {
  const wanted = typed.trim().toLowerCase();
  const rank = ({ path, description }) => {
    if (path.startsWith(wanted)) return 0;
    if (path.split(" ").some((word) => word.startsWith(wanted))) return 1;
    if (path.includes(wanted)) return 2;
    return description.toLowerCase().includes(wanted) ? 3 : 9;
  };
  return commands.map((command) => [rank(command), command]).filter(([at]) => at < 9)
    .sort(([a, one], [b, two]) => a - b || one.path.localeCompare(two.path)).map(([, command]) => command);
}

/** "/imagine a red house" → {command, rest: "a red house"}; null while no command is fully named. */
export function spelled(commands, text) {
  const fitting = commands.filter(({ path }) => text.startsWith(`/${path} `)).sort((a, b) => b.path.length - a.path.length);
  return fitting.length ? { command: fitting[0], rest: text.slice(fitting[0].path.length + 2) } : null;
}

/** A command as its options read: "/train name class images". */
export const signature = ({ options }) => options.filter((option) => option.required).map((option) => option.name).join(" ");
