// What is known of a unit besides its excerpts: its numbers, its distributions, and the tables beside
// them.
import {
  documentPath,
  fetchPath,
  type Partners,
  type Similar,
  type TokenMeans,
  type Unit,
} from "../api.ts";
import { sign } from "../colour.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { classTitle } from "../pieces.ts";
import { chosen, hrefOf } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { COUNT_AXIS, HistogramChart, VALUE_AXIS } from "./histogram_chart.tsx";
import { FailedPanel } from "./message.tsx";
import { Segments } from "./segments.tsx";
import { TokenHeading } from "./token_heading.tsx";

export function Numbers({ unit }: { unit: Unit }) {
  const s = unit.summary;
  const constant = s.variance === 0 || s.count === 0;
  const small: [string, string][] = [
    ["mean", formatValue(s.mean)],
    ["std", formatValue(s.std)],
    ["skewness", formatValue(s.skewness)],
    ["kurtosis", formatValue(s.kurtosis)],
    [unit.head ? "pairs" : "tokens", formatCount(s.count)],
  ];
  if (s.n_nan > 0) small.push(["NaN", formatCount(s.n_nan)]);
  if (s.n_infinite > 0) small.push(["infinite", formatCount(s.n_infinite)]);
  return (
    <section aria-label="Summary">
      {constant && (
        <p class="notice">
          {s.count === 0
            ? "This unit never had a finite value."
            : `This unit is dead here: it was ${formatValue(s.min)} at each of ${plural(s.count, unit.head ? "pair" : "token")}.`}
        </p>
      )}
      <dl class="headline">
        <div>
          <dt>max</dt>
          <dd class={sign(s.max)}>{formatValue(s.max)}</dd>
        </div>
        <div>
          <dt>min</dt>
          <dd class={sign(s.min)}>{formatValue(s.min)}</dd>
        </div>
        <div>
          <dt>positive</dt>
          <dd>{formatPercent(s.positive_share)}</dd>
        </div>
      </dl>
      <dl class="numbers">
        {small.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Charts({ unit }: { unit: Unit }) {
  const values = chosen(VALUE_AXIS);
  const counts = chosen(COUNT_AXIS);
  const { min, max } = unit.summary;
  if (min === null || max === null || min === max) return null; // the summary says it all
  const maxima = unit.sequence_maxima;
  const boundaries = maxima?.boundaries ?? [];
  const axes = { values, counts };
  return (
    <section class="charts" aria-label="Distributions">
      <HistogramChart
        title="Values"
        unit={unit.head ? "pairs" : "tokens"}
        data={unit.histogram}
        min={min}
        max={max}
        marks
        {...axes}
      />
      {maxima && (
        <HistogramChart
          title="Highest value of each sequence"
          unit="sequences"
          data={maxima}
          min={boundaries[0] ?? maxima.edges.find((edge) => edge !== null) ?? min}
          max={boundaries.at(-1) ?? max}
          boundaries={boundaries}
          {...axes}
        />
      )}
      <div class="toolbar">
        <Segments option={COUNT_AXIS} label="Counts" />
        <Segments option={VALUE_AXIS} label="Axis" />
      </div>
    </section>
  );
}

/** The means by sign class, in the units of the model's own values. */
export function SignClasses({ unit }: { unit: Unit }) {
  if (unit.sign_classes.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="classes-title">
      <h2 id="classes-title">Sign classes{unit.refactor_glu && " (refactored)"}</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">signs</th>
            <th scope="col">tokens</th>
            <th scope="col">mean</th>
            <th scope="col">extreme</th>
          </tr>
        </thead>
        <tbody>
          {unit.sign_classes.map(({ name, share, means, peaks }) => (
            <tr key={name}>
              <th scope="row">
                <a href={`#group-${name}`}>{classTitle(name)}</a>
              </th>
              <td>{formatPercent(share)}</td>
              <td>{formatValue(means.hook_post, 3)}</td>
              <td>{formatValue(peaks["hook_post"]?.[0]?.value, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function TokenMeansTable({ address }: { address: string }) {
  const path = documentPath(`tokens/${address}`, { limit: 10 });
  const { value, error, key } = useDocument(path, () => fetchPath<TokenMeans>(path));
  if (error && key === path) return <FailedPanel title="Tokens" error={error} />;
  if (!value || key !== path || value.tokens.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="tokens-title">
      <h2 id="tokens-title">Tokens</h2>
      <p class="muted">with the highest mean, of {plural(value.n_known, "known value")}</p>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">places</th>
            <th scope="col">mean</th>
            <th scope="col">highest</th>
          </tr>
        </thead>
        <tbody>
          {value.tokens.map(({ id, text, n, mean, max }) => (
            <tr key={id}>
              <TokenHeading id={id} text={text} />
              <td>{formatCount(n)}</td>
              <td>{formatValue(mean, 3)}</td>
              <td>{formatValue(max, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The latents that fire at the same tokens. */
export function PartnersTable({ address }: { address: string }) {
  const path = documentPath(`partners/${address}`, { limit: 10 });
  const { value, error, key } = useDocument(path, () => fetchPath<Partners>(path));
  if (error && key === path) return <FailedPanel title="Partners" error={error} />;
  if (!value || key !== path || value.partners.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="partners-title">
      <h2 id="partners-title">Partners</h2>
      <p class="muted">fire at the same tokens; it fires at {formatCount(value.n_events)}</p>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">latent</th>
            <th scope="col">together</th>
            <th scope="col">Jaccard</th>
            <th scope="col">corr.</th>
          </tr>
        </thead>
        <tbody>
          {value.partners.map(({ unit, n_together, jaccard, correlation }) => (
            <tr key={unit}>
              <th scope="row">
                <a href={hrefOf(unit)}>{unit}</a>
              </th>
              <td>{formatCount(n_together)}</td>
              <td>{formatValue(jaccard, 2)}</td>
              <td>{formatValue(correlation, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The latents of the same SAE, or the neurons of the same layer, that write in the same direction. */
export function SimilarTable({ address }: { address: string }) {
  const path = documentPath(`similar/${address}`, { limit: 10 });
  const { value, error, key } = useDocument(path, () => fetchPath<Similar>(path));
  if (error && key === path) return <FailedPanel title="Similar" error={error} />;
  if (!value || key !== path) return null;
  return (
    <section class="panel" aria-labelledby="similar-title">
      <h2 id="similar-title">Similar</h2>
      <p class="muted">{value.reason || "write in the same direction"}</p>
      {!value.reason && (
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">unit</th>
              <th scope="col">cosine</th>
            </tr>
          </thead>
          <tbody>
            {value.similar.map(({ unit, cosine }) => (
              <tr key={unit}>
                <th scope="row">
                  <a href={hrefOf(unit)}>{unit}</a>
                </th>
                <td>{formatValue(cosine, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function WeightsTable({ unit }: { unit: Unit }) {
  const { weights } = unit;
  if (!weights) return null;
  const rows: [string, number | null][] = [
    ["cos(gate, in)", weights.cos_gate_in],
    ["cos(gate, out)", weights.cos_gate_out],
    ["cos(in, out)", weights.cos_in_out],
    ["‖gate‖", weights.norm_gate],
    ["‖in‖", weights.norm_in],
    ["‖out‖", weights.norm_out],
  ];
  return (
    <section class="panel" aria-labelledby="weights-title">
      <h2 id="weights-title">Weights</h2>
      <p class="muted">{weights.rw_class}</p>
      <dl class="numbers two">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatValue(value, 3)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
