import {
  api,
  component,
  domain,
  resource,
  system,
  verbatim,
} from './documents';
import { described, type SeedOrganization } from './seed';
import { platform } from './platform';
import { terminalOperations } from './terminal-operations';

const BOOKING_OPENAPI = `openapi: 3.0.3
info:
  title: Booking
  version: 2.4.0
paths:
  /bookings:
    get:
      summary: Bookings of a customer
      parameters:
        - $ref: ./parameters.yaml#/customer
      responses:
        '200':
          description: The bookings, latest departure first
  /bookings/{number}:
    get:
      summary: One booking
      responses:
        '200':
          description: The booking
        '404':
          description: No booking of this number
`;

const BOOKING_PARAMETERS = `customer:
  name: customer
  in: query
  required: true
  schema:
    type: string
    pattern: '^C[0-9]{7}$'
`;

/** A shipping line: booking, terminals, the platform beneath. */
export const nordhavn: SeedOrganization = {
  name: 'nordhavn',
  projects: [
    {
      name: 'Booking',
      description: 'From the first quote to the bill of lading',
      repositories: [
        described('Booking', [
          domain({
            name: 'commerce',
            description: 'Everything that a customer buys',
            owner: 'group:commerce',
          }),
          system({
            name: 'booking',
            title: 'Booking',
            domain: 'commerce',
            owner: 'group:commerce',
          }),
        ]),
        described(
          'booking-api',
          [
            component({
              name: 'booking-api',
              description: 'Takes, changes and cancels bookings',
              tags: ['java', 'rest'],
              system: 'booking',
              owner: 'group:commerce',
              providesApis: ['booking'],
              dependsOn: ['resource:booking-db', 'component:event-bus'],
              annotations: { 'backstage.io/techdocs-ref': 'dir:.' },
              links: [
                { url: 'https://status.nordhavn.example', title: 'Status' },
              ],
            }),
            api({
              name: 'booking',
              system: 'booking',
              owner: 'group:commerce',
              definition: '\n    $openapi: ./api/openapi.yaml',
            }),
          ],
          {
            files: {
              'api/openapi.yaml': BOOKING_OPENAPI,
              'api/parameters.yaml': BOOKING_PARAMETERS,
              'mkdocs.yml':
                'site_name: Booking\nnav:\n  - Home: index.md\nplugins:\n  - techdocs-core\n',
              'docs/index.md': '# Booking\n\nHow a booking lives and dies.\n',
            },
          },
        ),
        described('booking-worker', [
          component({
            name: 'booking-worker',
            description: 'Sends confirmations and chases missing documents',
            tags: ['java'],
            system: 'booking',
            owner: 'group:commerce',
            consumesApis: ['booking'],
            dependsOn: ['component:event-bus'],
          }),
        ]),
        described('booking-web', [
          component({
            name: 'booking-web',
            type: 'website',
            tags: ['react'],
            system: 'booking',
            owner: 'group:commerce',
            consumesApis: ['booking', 'pricing'],
          }),
        ]),
        described('booking-db', [
          resource({
            name: 'booking-db',
            type: 'database',
            description: 'PostgreSQL, one primary and two replicas',
            system: 'booking',
            owner: 'group:commerce',
          }),
        ]),
        described(
          'pricing-engine',
          [
            component({
              name: 'pricing-engine',
              tags: ['python'],
              system: 'booking',
              owner: 'group:commerce',
              providesApis: ['pricing'],
              consumesApis: ['demand-forecast'],
            }),
            api({
              name: 'pricing',
              type: 'grpc',
              system: 'booking',
              owner: 'group:commerce',
              definition: '\n    $text: ./pricing.proto',
            }),
          ],
          {
            files: {
              'pricing.proto':
                'syntax = "proto3";\n\nservice Pricing {\n  rpc Quote(QuoteRequest) returns (QuoteReply);\n}\n\nmessage QuoteRequest { string route = 1; }\nmessage QuoteReply { int64 cents = 1; }\n',
            },
          },
        ),
        described('quotes', [
          component({
            name: 'quotes',
            lifecycle: 'experimental',
            system: 'booking',
            owner: 'group:commerce',
          }),
          verbatim(
            'broken',
            `apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: quotes-cache
  description: "never closed
spec:
  type: cache`,
          ),
        ]),
        {
          name: 'booking-legacy',
          disabled: true,
          descriptors: {
            'catalog-info.yaml': [
              component({ name: 'booking-legacy', lifecycle: 'deprecated' }),
            ],
          },
        },
        { name: 'booking-api-tidy', forkOf: 'Booking/booking-api' },
      ],
    },
    terminalOperations,
    platform,
    {
      name: 'Customer Portal',
      repositories: [
        described('portal-web', [
          component({
            name: 'portal-web',
            type: 'website',
            title: 'Customer portal',
            tags: ['typescript', 'react'],
            owner: 'group:customers',
            consumesApis: ['portal'],
          }),
        ]),
        described('portal-bff', [
          component({
            name: 'portal-bff',
            tags: ['typescript'],
            owner: 'group:customers',
            providesApis: ['portal'],
            consumesApis: ['booking', 'tracking'],
          }),
          api({
            name: 'portal',
            type: 'graphql',
            owner: 'group:customers',
            definition:
              '|\n    type Query {\n      shipments(customer: ID!): [Shipment!]!\n    }\n    type Shipment {\n      id: ID!\n      eta: String\n    }',
          }),
        ]),
        described('Übersetzungen', [
          component({
            name: 'translations',
            title: 'Übersetzungen',
            type: 'library',
            description: 'Grüße, größte Zahlen, 数字 und emoji ⚓',
            owner: 'group:customers',
          }),
        ]),
        described('100% uptime', [
          component({
            name: 'uptime-badge',
            type: 'website',
            owner: 'group:customers',
          }),
        ]),
        {
          name: 'email-templates',
          files: { 'welcome.mjml': '<mjml></mjml>\n' },
        },
      ],
    },
    {
      name: 'R&D',
      description: 'Trials; half of it never sails',
      repositories: [
        described('wind+sail', [
          component({
            name: 'wind-assist',
            lifecycle: 'experimental',
            tags: ['rust'],
            owner: 'group:research',
          }),
        ]),
        { name: 'autonomous-tug', empty: true },
      ],
    },
    {
      name: 'Old Intranet',
      state: 'deleting',
      repositories: [
        described('intranet', [
          component({ name: 'intranet', type: 'website' }),
        ]),
      ],
    },
  ],
};
