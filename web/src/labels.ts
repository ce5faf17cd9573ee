// What people wrote of units: known to all parts of the page, and asked for anew when one is written.
import { signal } from "@preact/signals";
import { documentPath, sendJson, type Label, type Labels } from "./api.ts";
import { useFresh } from "./use_fresh.ts";

const version = signal(0);

export const useLabel = (address: string) =>
  useFresh<Label>(documentPath(`labels/${address}`), version.value);

export const useLabels = (text = "") =>
  useFresh<Labels>(documentPath("labels", text ? { text } : {}), version.value);

export async function saveLabel(address: string, sent: { label: string; note: string }) {
  await sendJson<Label>("PUT", documentPath(`labels/${address}`), sent);
  version.value += 1;
}
