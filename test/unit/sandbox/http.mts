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
