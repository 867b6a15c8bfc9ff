"""Files in messages: what they are, pictures made safe, storage."""
