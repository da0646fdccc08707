/** An HTTP client as a program of the user's would be: it holds a key and throws on no status. */
import axios, { type AxiosInstance } from 'axios';
import type { Sandbox } from '../../../sandbox/client.mts';

export function clientOf({ url, apiKey }: Pick<Sandbox, 'url' | 'apiKey'>): AxiosInstance {
  return axios.create({
    baseURL: url,
    headers: { Authorization: `Bearer ${apiKey}` },
    proxy: false,
    maxRedirects: 0,
    validateStatus: () => true,
  });
}

export const newVideo = {
  avatar_id: 'avatar_maria01',
  script: 'Welcome to our shop',
  language: 'en-US',
  duration: 45,
};

/** Downloads without a key. */
export const download = (url: string, headers = {}) =>
  axios.get<Buffer>(url, {
    headers,
    proxy: false,
    responseType: 'arraybuffer',
    validateStatus: () => true,
  });

/** Looks until it is so, for ten seconds at the most. */
export async function until<T>(look: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const value = await look();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('It did not come about within ten seconds');
}
