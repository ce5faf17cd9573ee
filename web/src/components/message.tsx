// A page that has nothing else to show: what went wrong, and where to go.
import type { ComponentChildren } from "preact";

export function Message({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="message" role="alert">
      <h1>{title}</h1>
      {children}
    </section>
  );
}
