// A choice of one among few, as a row of radio buttons that look like one control.
import { choose, chosen, type Option } from "../route.ts";

interface Props<T extends string> {
  option: Option<T>;
  label: string;
  titles?: Readonly<Partial<Record<T, string>>>;
  notes?: Readonly<Partial<Record<T, string>>>; // on hover
}

export function Segments<T extends string>({ option, label, titles, notes }: Props<T>) {
  const current = chosen(option);
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      <span class="segments-row">
        {option.choices.map((choice) => (
          <label key={choice} title={notes?.[choice]}>
            <input
              type="radio"
              name={option.name}
              checked={choice === current}
              onChange={() => {
                choose(option, choice);
              }}
            />
            <span>{titles?.[choice] ?? choice}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}
