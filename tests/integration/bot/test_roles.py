"""/settings roles: who may teach concepts and who may use them."""

from pathlib import Path

from tests.integration.bot.house import House, pictures

WISH = {"name": "xyz", "class": "temple", "image1": "f0"}


async def test_roles_are_set_and_hold(house: House, tmp_path: Path) -> None:
    """Told, added, enforced, removed; Manage Server alone may change them."""
    owl, hare = house.person(), house.person("hare")
    told = await owl.run("settings roles", {"what": "train_roles"})
    assert told["message"]["content"] == "Everyone here may teach concepts."
    guild = next(one for one in house.playground.guilds if one.name == "Lighthouse")
    role = next(one for one in guild.roles.values() if one.name.lower().startswith("mod"))
    added = await owl.run("settings roles", {"what": "train_roles", "add": role.name})
    assert f"Who may teach concepts here: <@&{role.id}>" in added["message"]["content"]
    files = pictures(tmp_path, 1)
    refused = await house.next_message(hare, await hare.run("train", WISH, files=files))
    assert f"takes the role <@&{role.id}>" in refused["content"]
    await owl.run("settings roles", {"what": "train_roles", "remove": role.name})
    await house.result(hare, await hare.run("train", WISH, files=files))
