"""HTTP for programs: tickets, files, exports, web push."""
