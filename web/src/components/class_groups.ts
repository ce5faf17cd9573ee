// The excerpts of a neuron by sign class, as groups beside its own. They are a document of their own,
// which comes later: they are long, and asked for less.
import { useMemo } from "preact/hooks";
import { fetchClasses, type Group, type Unit } from "../api.ts";
import { classTitle } from "../pieces.ts";
import { useDocument } from "../use_document.ts";

/** None while they are on their way, where there are none, and where no unit is given. `of` is the
 * recording, where the address of the page does not say it. */
export function useClassGroups(unit: Unit | null, of?: string): Group[] {
  const address = unit && unit.sign_classes.length > 0 ? unit.short : "";
  const asked = `classes ${address} ${of ?? ""}`;
  const { value, key } = useDocument(asked, () =>
    address ? fetchClasses(address, of) : Promise.resolve(null),
  );
  const classes = key === asked && value?.address === unit?.address ? value : null;
  return useMemo(
    () =>
      (classes?.classes ?? []).map(({ name, exemplars }) => ({
        name,
        title: `Largest where ${classTitle(name)}`,
        exemplars,
      })),
    [classes],
  );
}
