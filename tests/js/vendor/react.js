/** React as an ES module. */
import { commonJs } from "./common-js.js";

const react = await commonJs("./react/react.development.js");
export default react;
export const {
  StrictMode, createElement, useCallback, useEffect, useMemo, useState, useSyncExternalStore, act,
} = react;
