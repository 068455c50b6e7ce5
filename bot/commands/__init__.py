"""Commands, buttons and forms: each parses, makes one service call, and answers.

A module offers what it has: `COMMANDS` for Discord's menu, `HANDLERS` (verb → handler) for
buttons, `FORMS` (verb → maker) for forms that are sent in.
"""
