// A token of the vocabulary at the head of a table's row; it leads to where it stands in the corpus.
import { quotedText } from "../pieces.ts";
import { hrefOf } from "../route.ts";

export const TokenHeading = ({ id, text }: { id: number; text: string }) => (
  <th scope="row">
    <a href={hrefOf("search", { text, case: "exact" })} title={`id ${id}`}>
      <bdi class="mono">{quotedText(text)}</bdi>
    </a>
  </th>
);
