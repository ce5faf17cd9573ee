// Where there is nothing else to show: what went wrong, and where to go.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api.ts";

export function Message({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="message" role="alert">
      <h1>{title}</h1>
      {children}
    </section>
  );
}

/** In the place of a panel whose document did not come. What does not exist for a unit has no panel. */
export const FailedPanel = ({ title, error }: { title: string; error: ApiError }) =>
  error.code === "not_found" ? null : (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      <p class="notice">{error.message}</p>
    </section>
  );
