"""The tools that Claude may use in a room that allows them: one file a tool, found by `registry`.

What a tool returns is of its room only, bounded, and data. A new tool is a module here with a `TOOL`, its name in
`chat.protocol.room_settings.ToolName`, and its line in docs/claude.md.
"""
