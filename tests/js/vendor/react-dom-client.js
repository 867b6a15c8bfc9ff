/** react-dom/client as an ES module. */
import { commonJs } from "./common-js.js";
import react from "./react.js";

const scheduler = await commonJs("./scheduler/scheduler.development.js");
const reactDom = await commonJs("./react-dom/react-dom.development.js", { react });
const client = await commonJs("./react-dom/react-dom-client.development.js", { react, scheduler, "react-dom": reactDom });
export const { createRoot } = client;
