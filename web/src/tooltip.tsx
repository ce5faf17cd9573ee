// The one tooltip of the page, shown beside whatever is hovered or has the focus. `aria-describedby`
// ties it to its anchor while it is shown; Escape hides it.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Tip {
  anchor: Element;
  content: ComponentChildren;
}

const tip = signal<Tip | null>(null);
const ID = "tooltip";

/** The value under the pointer or the focus; the histogram marks it. */
export const markedValue = signal<number | null>(null);

/** The highest value of the text that was tried; the histogram marks it as long as it is shown. */
export const triedValue = signal<number | null>(null);

export function showTip(anchor: Element, content: ComponentChildren): void {
  if (tip.value && tip.value.anchor !== anchor)
    tip.value.anchor.removeAttribute("aria-describedby");
  anchor.setAttribute("aria-describedby", ID);
  tip.value = { anchor, content };
}

export function hideTip(): void {
  tip.value?.anchor.removeAttribute("aria-describedby");
  tip.value = null;
  markedValue.value = null;
}

export function startTooltip(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });
  window.addEventListener("scroll", hideTip, { passive: true, capture: true });
}

export function Tooltip() {
  const ref = useRef<HTMLDivElement>(null);
  const shown = tip.value;
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box || !shown) return;
    // A token that is broken over two lines has two rectangles; the first carries the tooltip.
    const anchor = shown.anchor.getClientRects()[0] ?? shown.anchor.getBoundingClientRect();
    const gap = 8;
    const middle = anchor.left + anchor.width / 2 - box.offsetWidth / 2;
    const left = Math.max(gap, Math.min(middle, window.innerWidth - box.offsetWidth - gap));
    const above = anchor.top - box.offsetHeight - gap;
    const top = above >= gap ? above : anchor.bottom + gap;
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [shown]);
  return (
    <div id={ID} role="tooltip" ref={ref} class="tooltip" hidden={!shown}>
      {shown?.content}
    </div>
  );
}
