/**
 * Label selectors: `all()`, `has(k)`, `!has(k)`, `k == 'v'`, `k != 'v'`, `k in {'a', 'b'}`, `k not in {…}`,
 * `k contains 'v'`, `k starts with 'v'`, `k ends with 'v'`, `&&`, `||`, `!` and parentheses.
 */
import { IpamError } from './errors.js';

export type Labels = Readonly<Record<string, string>>;

/** A compiled selector. */
export type Selector = (labels: Labels) => boolean;

const TOKEN = /\s*(?:('[^']*'|"[^"]*")|(&&|\|\||==|!=|[!(){},])|([A-Za-z0-9_./-]+))/y;

/** Compiles a selector; empty text selects everything. Throws IpamError `ERR_IPAM_SELECTOR` with the position. */
export function parseSelector(text: string): Selector {
  if (text.trim() === '') return () => true;
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: { readonly text: string; readonly at: number }[] = [];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    const end = text.trimEnd().length;
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < end) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) throw this.#error(at, `"${text.slice(at).trim().slice(0, 10)}" is not understood`);
      const token = match[1] ?? match[2] ?? match[3]!;
      this.#tokens.push({ text: token, at: TOKEN.lastIndex - token.length });
    }
  }

  parse(): Selector {
    const selector = this.#or();
    if (this.#next < this.#tokens.length) throw this.#unexpected('&&, || or the end');
    return selector;
  }

  #or(): Selector {
    let left = this.#and();
    while (this.#take('||')) {
      const [a, b] = [left, this.#and()];
      left = (labels) => a(labels) || b(labels);
    }
    return left;
  }

  #and(): Selector {
    let left = this.#not();
    while (this.#take('&&')) {
      const [a, b] = [left, this.#not()];
      left = (labels) => a(labels) && b(labels);
    }
    return left;
  }

  #not(): Selector {
    if (this.#take('!')) {
      const inner = this.#not();
      return (labels) => !inner(labels);
    }
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    return this.#term();
  }

  #term(): Selector {
    const word = this.#word('all(), has(…) or a label');
    if ((word === 'all' || word === 'global') && this.#take('(')) {
      this.#expect(')');
      return () => true;
    }
    if (word === 'has' && this.#take('(')) {
      const key = this.#word('a label');
      this.#expect(')');
      return (labels) => Object.hasOwn(labels, key);
    }
    return this.#comparison(word);
  }

  #comparison(key: string): Selector {
    const value = (labels: Labels): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
    if (this.#take('==')) {
      const wanted = this.#string();
      return (labels) => value(labels) === wanted;
    }
    if (this.#take('!=')) {
      const wanted = this.#string();
      return (labels) => value(labels) !== wanted;
    }
    if (this.#take('in')) {
      const wanted = this.#set();
      return (labels) => wanted.has(value(labels));
    }
    if (this.#take('not')) {
      this.#expect('in');
      const wanted = this.#set();
      return (labels) => !wanted.has(value(labels));
    }
    if (this.#take('contains')) {
      const wanted = this.#string();
      return (labels) => value(labels)?.includes(wanted) ?? false;
    }
    if (this.#take('starts')) {
      this.#expect('with');
      const wanted = this.#string();
      return (labels) => value(labels)?.startsWith(wanted) ?? false;
    }
    if (this.#take('ends')) {
      this.#expect('with');
      const wanted = this.#string();
      return (labels) => value(labels)?.endsWith(wanted) ?? false;
    }
    throw this.#unexpected('==, !=, in, not in, contains, starts with or ends with');
  }

  #set(): ReadonlySet<string | undefined> {
    const values = new Set<string | undefined>();
    this.#expect('{');
    if (this.#take('}')) return values;
    do values.add(this.#string());
    while (this.#take(','));
    this.#expect('}');
    return values;
  }

  #string(): string {
    const token = this.#tokens[this.#next]?.text;
    if (!token?.startsWith("'") && !token?.startsWith('"')) throw this.#unexpected("a text in quotes, like 'rack-1'");
    this.#next++;
    return token.slice(1, -1);
  }

  #word(what: string): string {
    const token = this.#tokens[this.#next]?.text;
    if (token === undefined || !/^[A-Za-z0-9_./-]+$/.test(token)) throw this.#unexpected(what);
    this.#next++;
    return token;
  }

  #take(text: string): boolean {
    if (this.#tokens[this.#next]?.text !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(text);
  }

  #unexpected(wanted: string): IpamError {
    const token = this.#tokens[this.#next];
    return this.#error(token?.at ?? this.#text.length, `expected ${wanted}${token ? `, found ${token.text}` : ''}`);
  }

  #error(at: number, reason: string): IpamError {
    return new IpamError('ERR_IPAM_SELECTOR', `selector "${this.#text}", column ${at + 1}: ${reason}`);
  }
}
