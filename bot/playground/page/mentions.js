// Mentions of people: offered after an @, written by name, sent by id.

import { avatar, nameOf } from "./names.js";

/** Those who can be mentioned in the channel in view. */
function people({ place, me, bot }) {
  return place.guild ? place.guild.members.map(({ user }) => user) : [me, bot];
}

/** Lists the people whose name begins like what stands after the @ at the cursor. */
export function offerPeople(input, { store, suggestions }) {
  const typed = input.value.slice(0, input.selectionStart).match(/(?:^|\s)@(\w*)$/);
  if (!typed) return suggestions.hide();
  const items = people(store).filter((user) => nameOf(user).toLowerCase().startsWith(typed[1].toLowerCase()))
    .map((user) => ({ title: nameOf(user), note: user.username, mark: avatar(user, "span.avatar.small"), user }));
  const pick = ({ user }) => {
    input.setRangeText(`@${nameOf(user)} `, input.selectionStart - typed[1].length - 1, input.selectionStart, "end");
    suggestions.hide();
  };
  return suggestions.show({ title: "People here", items, input, pick });
}

/** "@Atelier" → "<@id>", the form in which Discord keeps a mention. */
export function withMentions(text, store) {
  const ids = new Map(people(store).map((user) => [nameOf(user).toLowerCase(), user.id]));
  return text.replace(/(^|\s)@(\w+)/g, (whole, before, name) => (ids.has(name.toLowerCase()) ? `${before}<@${ids.get(name.toLowerCase())}>` : whole));
}
