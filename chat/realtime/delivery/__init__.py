"""From an event to the connections of this process: feeds, outboxes, holds, repair."""
