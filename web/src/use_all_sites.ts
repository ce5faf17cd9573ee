// A document of each site, fetched a few at a time, in order.
import { useEffect, useState } from "preact/hooks";
import type { SiteInfo } from "./api.ts";

const AT_ONCE = 4;

/** By the site's short name, as far as they are there. Nothing is fetched while `load` is null. */
export function useAllSites<T>(
  sites: readonly SiteInfo[],
  load: ((site: string) => Promise<T>) | null,
): ReadonlyMap<string, T> {
  const [loaded, setLoaded] = useState<ReadonlyMap<string, T>>(new Map());
  useEffect(() => {
    if (!load) return;
    let current = true;
    const left = [...sites];
    const worker = async () => {
      for (let site = left.shift(); site; site = left.shift()) {
        const { short } = site;
        const found = await load(short).catch(() => null);
        if (!current) return;
        if (found) setLoaded((before) => new Map(before).set(short, found));
      }
    };
    for (let i = 0; i < AT_ONCE; i++) void worker();
    return () => {
      current = false;
    };
  }, [sites, load]);
  return loaded;
}
