// The head of a page that is about the whole recording: where it is, and what it is called.
import type { ComponentChildren } from "preact";
import { hrefOf } from "../route.ts";

interface Props {
  title: ComponentChildren;
  children?: ComponentChildren; // below the title
}

export const PageHead = ({ title, children }: Props) => (
  <div class="unit-head">
    <div>
      <p class="crumbs">
        <a href={hrefOf("")}>All sites</a> <span aria-hidden="true">›</span>
      </p>
      <h1>{title}</h1>
      {children}
    </div>
  </div>
);
