/**
 * The text of a file -> its resources, each fault with file, line and JSON pointer. YAML or JSON, several documents, and lists
 * (`kind: List`, `kind: BGPPeerList`) as exports have them. All faults at once.
 */
import type { Kind } from '../resource/kinds.js';
import { readResource } from '../resource/read-resource.js';
import type { Resource } from '../resource/resource.js';
import { unfoldList } from '../resource/unfold-list.js';
import { formatFault } from '../schema/fault.js';
import { type Position, parseYamlDocuments, type YamlSource } from './yaml-source.js';

/** Something wrong, or worth knowing, in a file. */
export interface ManifestFault extends Position {
  readonly file: string;
  /** Into the resource; empty for the document and for faults of the YAML itself. */
  readonly pointer: string;
  readonly detail: string;
}

/** A resource of a file. */
export interface ManifestItem extends Position {
  readonly file: string;
  /** As it stands there. */
  readonly document: unknown;
  readonly kind: Kind;
  readonly resource: Resource;
  readonly warnings: readonly ManifestFault[];
  /** Where a pointer into the resource stands; `atKey`: the name of the member, not its value. */
  place(pointer: string, atKey?: boolean): Position;
}

export interface Manifest {
  readonly items: readonly ManifestItem[];
  readonly faults: readonly ManifestFault[];
  /** Documents for other programs; they are no faults where whoever reads the file means them to be there. */
  readonly foreign: readonly ManifestFault[];
}

export function readManifest(text: string, file: string): Manifest {
  const { sources, faults: broken } = parseYamlDocuments(text);
  const faults: ManifestFault[] = broken.map((fault) => ({ file, pointer: '', ...fault }));
  const items: ManifestItem[] = [];
  const foreign: ManifestFault[] = [];
  for (const { at, document, source } of sources.flatMap(documentsOf)) {
    const place = (pointer: string, atKey?: boolean): Position => source.locate(at + pointer, atKey);
    const told = (pointer: string, detail: string, atKey?: boolean): ManifestFault => ({
      file,
      ...place(pointer, atKey),
      pointer,
      detail,
    });
    const read = readResource(document);
    (read.foreign ? foreign : faults).push(
      ...read.faults.map((fault) => told(fault.pointer, formatFault(fault), fault.atKey)),
    );
    const { resource, kind } = read;
    if (!resource || !kind) continue;
    const warnings = read.warnings.map(({ pointer, message }) => told(pointer, message, true));
    const same = items.find(
      (one) => one.resource.kind === kind.kind && one.resource.metadata.name === resource.metadata.name,
    );
    if (same)
      faults.push(
        told('/metadata/name', `${kind.kind} "${resource.metadata.name}" is there already, in line ${same.line}`),
      );
    else items.push({ file, ...place(''), document, kind, resource, warnings, place });
  }
  return { items, foreign, faults: faults.sort((x, y) => x.line - y.line || x.column - y.column) };
}

interface Placed {
  readonly source: YamlSource;
  /** Pointer of the resource in its document. */
  readonly at: string;
  readonly document: unknown;
}

const documentsOf = (source: YamlSource): Placed[] => unfoldList(source.value).map((one) => ({ source, ...one }));
