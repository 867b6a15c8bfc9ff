/**
 * One file on its way to the server. Tells how far it is, which fetch() cannot.
 */

import { pageCsrfToken } from "../../client/connection/ticket.js";

const NO_RESPONSE = "The file did not get through. Is there a connection?";

/**
 * @param {string} url
 * @param {File} file
 * @param {(share: number) => void} onProgress from 0 to 1
 * @returns {{done: Promise<import("../../protocol.d.ts").Attachment>, abort: () => void}} done rejects with an Error
 *   that says why
 */
export function uploadFile(url, file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", pageCsrfToken());
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => total && onProgress(loaded / total);
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(refusal(request)));
    request.onerror = request.onabort = () => reject(new Error(NO_RESPONSE));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}

/** @param {XMLHttpRequest} request */
function refusal({ status, response }) {
  // A proxy in front may refuse on its own, in words of its own.
  return new Error(
    response?.error?.message ?? (status === 413 ? "This file is too large." : `The upload failed (${status}).`),
  );
}
