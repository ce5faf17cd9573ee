// Addresses as people type them: `12.mlp/345`, `blocks.12.mlp.hook_post/345`, `12.mlp`, and on a
// unit's page a bare `345`. A site's name may hold slashes (`…/sae:NAME`), so the index is what
// follows the last one.
import type { SiteInfo } from "./api.ts";

export type Found =
  | { kind: "site"; site: SiteInfo }
  | { kind: "unit"; site: SiteInfo; index: number }
  | { kind: "error"; message: string };

export type UnitKind = "neurons" | "heads" | "latents";

/** What the units of a site are. */
export const kindOf = ({ name }: SiteInfo): UnitKind =>
  name.includes("/sae:") ? "latents" : name.endsWith(".attn.hook_pattern") ? "heads" : "neurons";

export function splitAddress(text: string): { site: string; index: number | null } {
  const match = /^(.*?)(?:\/(\d+))?\/?$/s.exec(text.trim());
  const index = match?.[2];
  return { site: match?.[1] ?? "", index: index === undefined ? null : Number(index) };
}

/** Escapes each part of an address, but leaves its slashes, colons and dots readable. */
export const encodeAddress = (address: string): string =>
  address
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll("%3A", ":"))
    .join("/");

// "9.sae" is short enough where the layer has one SAE.
function findSite(name: string, sites: readonly SiteInfo[]): SiteInfo | undefined {
  const named = sites.find((site) => site.name === name || site.short === name);
  if (named) return named;
  const saes = sites.filter((s) => s.name.includes("/sae:") && name === `${s.layer}.sae`);
  return saes.length === 1 ? saes[0] : undefined;
}

/** `MODEL/9-small/42` as our `9.sae:small/42`, MODEL/12-mlp/345 and MODEL/12/345 as `12.mlp/345`. */
function fromNeuronpedia(text: string): string | null {
  const match = /^(?!\d+\.|blocks\.)[^/]+\/(\d+)(?:-([^/]+))?\/(\d+)\/?$/.exec(text);
  if (!match) return null;
  const [, layer = "", set = "mlp", index = ""] = match;
  const site = set === "mlp" || set === "sae" ? set : `sae:${set}`;
  return `${layer}.${site}/${index}`;
}

/** Whether `text` can only be meant as an address, so that a mistake in it is worth a word. */
export const looksLikeAddress = (text: string): boolean =>
  /^\/*[^\s/]+\/\d+\/?$|^\d+\.\S+$|^blocks\./.test(text.trim()) || text.trim() === "";

export function findAddress(
  text: string,
  sites: readonly SiteInfo[],
  here: SiteInfo | null = null,
): Found {
  const typed = text.trim().replace(/^\/+/, "");
  if (typed === "") return { kind: "error", message: "Type a unit, for example 12.mlp/345." };
  if (/^\d+$/.test(typed) && here) return checked(here, Number(typed));
  const whole = findSite(typed, sites);
  if (whole) return { kind: "site", site: whole };
  const { site: name, index } = splitAddress(fromNeuronpedia(typed) ?? typed);
  const site = findSite(name, sites);
  if (!site) return { kind: "error", message: unknownSite(name, sites) };
  return index === null ? { kind: "site", site } : checked(site, index);
}

function checked(site: SiteInfo, index: number): Found {
  if (index < site.n_units) return { kind: "unit", site, index };
  return {
    kind: "error",
    message: `${site.short} has units 0 to ${site.n_units - 1}; there is no ${index}.`,
  };
}

function unknownSite(name: string, sites: readonly SiteInfo[]): string {
  const shorts = sites.map((site) => site.short);
  const range =
    shorts.length > 3
      ? `${shorts[0] ?? ""}, ${shorts[1] ?? ""} … ${shorts.at(-1) ?? ""}`
      : shorts.join(", ");
  return `This recording has no site “${name}”. It has ${range}.`;
}

/** An address that exists, for placeholders and hints. */
export function exampleUnit(sites: readonly SiteInfo[]): SiteInfo & { index: number } {
  const site = sites[Math.floor(sites.length * 0.4)];
  if (!site)
    return { name: "blocks.12.mlp.hook_post", short: "12.mlp", layer: 12, n_units: 0, index: 345 };
  return { ...site, index: Math.min(345, Math.floor(site.n_units / 2)) };
}

/** A unit drawn uniformly from all units of all sites. */
export function randomUnit(sites: readonly SiteInfo[], uniform: number = Math.random()): string {
  const total = sites.reduce((sum, site) => sum + site.n_units, 0);
  let rest = Math.min(Math.floor(uniform * total), total - 1);
  for (const site of sites) {
    if (rest < site.n_units) return `${site.short}/${rest}`;
    rest -= site.n_units;
  }
  return "";
}
