import { randomBytes } from 'node:crypto';
import { serviceTime } from './settings.mts';
import type { SandboxSettings } from './types.mts';

export interface AvatarRecord {
  id: string;
  name: string;
  created_at: string;
}

/** The avatars that every sandbox starts with. Their IDs are fixed, so that examples can use them. */
const seeds: AvatarRecord[] = [
  { id: 'avatar_james01', name: 'James, News Desk', created_at: '2025-01-15T10:30:00Z' },
  { id: 'avatar_yuki01', name: 'Yuki, Product Coach', created_at: '2025-02-03T08:12:00Z' },
  { id: 'avatar_maria01', name: 'Maria, Friendly Host', created_at: '2025-03-21T16:45:00Z' },
];

/** The account's avatars, in memory. */
export class Avatars {
  /** Oldest first. */
  readonly all: AvatarRecord[] = [...seeds];
  readonly #settings: SandboxSettings;

  constructor(settings: SandboxSettings) {
    this.#settings = settings;
  }

  has(id: string): boolean {
    return this.all.some((avatar) => avatar.id === id);
  }

  nameOf(id: string): string {
    return this.all.find((avatar) => avatar.id === id)?.name ?? id;
  }

  add(name: string): AvatarRecord {
    const avatar = {
      id: `avatar_${randomBytes(6).toString('hex')}`,
      name,
      created_at: serviceTime(this.#settings).toISOString(),
    };
    this.all.push(avatar);
    return avatar;
  }
}
