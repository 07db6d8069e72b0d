/** A socket in the lab's directory that tells other processes how the lab stands: GET /report. */
import { createServer, type Server } from 'node:http';
import type { Lab } from './lab.js';
import type { LabReport } from './observe/report.js';
import { labDirectory } from './state.js';

export const controlSocket = (labId: string): string => `${labDirectory(labId)}/lab.sock`;

/** Serves the latest report; 503 until there is one. */
export function openControl(lab: Lab, latest: () => LabReport | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const report = latest();
    const known = request.method === 'GET' && request.url === '/report';
    response.writeHead(known ? (report ? 200 : 503) : 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(known && report ? report : { detail: known ? 'the lab still comes up' : 'GET /report' }),
    );
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(controlSocket(lab.id), () => resolve(server));
  });
}
