/** A tab of the outbox tests: its own copy of the library. */

import { Client } from "/static/chat/js/client.js";

/** @type {any} */ (window).Client = Client;
