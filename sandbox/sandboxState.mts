import { randomBytes } from 'node:crypto';
import { Avatars, type AvatarRecord } from './avatars.mts';
import { Faults } from './faults.mts';
import { Links, type Hosts } from './media/links.mts';
import { defaultSettings } from './settings.mts';
import { Stats } from './stats.mts';
import type { Avatar, SandboxSettings, Video } from './types.mts';
import { type Variant, type VariantName, variants } from './variants.mts';
import { Videos, type VideoRecord } from './videos.mts';
import { Webhooks } from './webhooks.mts';

/** The state of a sandbox. In memory only: it is gone when the process ends. */
export class SandboxState {
  readonly settings: SandboxSettings = { ...defaultSettings };
  readonly hosts: Hosts = { api: '', cdn: '' };
  readonly links = new Links(this.settings, this.hosts);
  readonly faults = new Faults();
  readonly stats = new Stats();
  readonly avatars = new Avatars(this.settings);
  readonly webhooks = new Webhooks(this.settings, () => this.stats.delivery());
  readonly videos = new Videos(this.settings, (video) => this.webhooks.announce(this.show(video)));
  readonly apiKey: string;

  constructor(apiKey = `sk_test_${randomBytes(16).toString('hex')}`) {
    this.apiKey = apiKey;
  }

  /** Makes the sandbox behave like this variant of iTeraBiz. */
  applyVariant(name: VariantName): void {
    const { settings = {}, faults = [] }: Variant = variants[name];
    Object.assign(this.settings, settings);
    faults.forEach((fault) => this.faults.add(fault));
  }

  /** A video as the API returns it. A completed one has links; seeded fields win. */
  show(video: VideoRecord): Video {
    const isReady = video.status === 'completed';
    return {
      ...video,
      video_url: isReady ? this.links.file(video.id) : null,
      thumbnail_url: isReady ? this.links.picture(video.id) : null,
      ...video,
    };
  }

  showAvatar(avatar: AvatarRecord): Avatar {
    return { ...avatar, preview_url: this.links.picture(avatar.id) };
  }
}
