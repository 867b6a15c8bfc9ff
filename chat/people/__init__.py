"""Finding people, and telling them: announcements and web push."""
