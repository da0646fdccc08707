import { createHmac, randomBytes } from 'node:crypto';
import type { SandboxSettings } from '../types.mts';

/** The hosts' addresses, known once the servers listen. */
export interface Hosts {
  api: string;
  cdn: string;
}

/** Creates and checks download links. They carry their own expiry and signature, so they need no key. */
export class Links {
  #secret = randomBytes(32);
  readonly #settings: SandboxSettings;
  readonly #hosts: Hosts;

  constructor(settings: SandboxSettings, hosts: Hosts) {
    this.#settings = settings;
    this.#hosts = hosts;
  }

  file(videoId: string): string {
    const expires = String(Date.now() + this.#settings.linkTtlMs);
    const query = new URLSearchParams({ expires, sig: this.#sign(videoId, expires) });
    const host = this.#settings.filesOn === 'cdn' ? this.#hosts.cdn : this.#hosts.api;
    return `${host}/files/${videoId}.mp4?${query}`;
  }

  /** Where to redirect a request for a file. `undefined` if this host serves it. */
  redirectOf(host: string, path: string): string | undefined {
    const isHere = this.#settings.filesOn !== 'redirect' || !this.#hosts.api.endsWith(`//${host}`);
    return isHere ? undefined : `${this.#hosts.cdn}${path}`;
  }

  picture(id: string): string {
    return `${this.#hosts.cdn}/pictures/${id}.svg`;
  }

  isValid(videoId: string, expires: string, sig: string): boolean {
    return sig === this.#sign(videoId, expires) && Number(expires) > Date.now();
  }

  /** Invalidates every link created so far. */
  expireAll(): void {
    this.#secret = randomBytes(32);
  }

  #sign(videoId: string, expires: string): string {
    return createHmac('sha256', this.#secret).update(`${videoId}.${expires}`).digest('hex');
  }
}
