// The keyboard shortcuts, and how to read the colours.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { KEYS, useKeys } from "../keys.ts";

export function HelpDialog({ close }: { close: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  useKeys(
    useMemo(() => ({ "?": () => ref.current?.close() }), []),
    "dialog",
  );
  return (
    <dialog ref={ref} class="help" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h2>Excerpts</h2>
      <p>
        <span class="tok positive sample-strong">Blue</span> is above zero,{" "}
        <span class="tok negative sample-strong">red</span> below; one scale for the whole page. The
        token an excerpt was chosen for is <span class="tok peak">underlined</span>. Tab to an
        excerpt, then move with the arrow keys to read each token’s value.
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
