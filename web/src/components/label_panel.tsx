// The label and the note of a unit, to be read and written.
import { useMemo, useRef, useState } from "preact/hooks";
import { ApiError, type Label } from "../api.ts";
import { useKeys } from "../keys.ts";
import { saveLabel, useLabel } from "../labels.ts";

const MOST_LABEL_BYTES = 200;

export function LabelPanel({ address }: { address: string }) {
  const { value, error } = useLabel(address);
  return (
    <section class="panel" aria-labelledby="label-title">
      <h2 id="label-title">Label</h2>
      {error && <p class="notice">{error.message}</p>}
      {value && <LabelForm address={address} saved={value} />}
    </section>
  );
}

function LabelForm({ address, saved }: { address: string; saved: Label }) {
  const [label, setLabel] = useState(saved.label);
  const [note, setNote] = useState(saved.note);
  const [said, setSaid] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useKeys(useMemo(() => ({ l: () => input.current?.focus() }), []));
  const changed = label !== saved.label || note !== saved.note;
  const save = async () => {
    setSaid("");
    try {
      await saveLabel(address, { label, note });
      setSaid("Saved.");
    } catch (reason) {
      setSaid(reason instanceof ApiError ? reason.message : String(reason));
    }
  };
  return (
    <form
      class="label-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <input
        ref={input}
        type="text"
        aria-label="Label"
        placeholder="in a few words"
        maxLength={MOST_LABEL_BYTES}
        value={label}
        onInput={(event) => {
          setLabel(event.currentTarget.value);
        }}
      />
      <textarea
        aria-label="Note"
        placeholder="and a note"
        rows={note ? 4 : 1}
        value={note}
        onInput={(event) => {
          setNote(event.currentTarget.value);
        }}
      />
      <div>
        <button type="submit" disabled={!changed}>
          Save
        </button>{" "}
        <output class="muted">{said || whenWritten(saved)}</output>
      </div>
    </form>
  );
}

const whenWritten = ({ changed }: Label): string =>
  changed === null ? "" : `written ${changed.replace("T", " ").replace("Z", " UTC")}`;
