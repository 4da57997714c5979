/** What the hand-written rows send: the body that `otlp-tally` would. */
export const BODY = JSON.stringify({
  resourceMetrics: [
    {
      resource: {
        attributes: Object.entries({
          'service.name': 'bench',
          'service.version': '1.0.0',
          'service.instance.id': '3e6ed7c5-f988-4dde-9dab-7ce4e6022499',
          'user.fingerprint': 'f17c364e95bd0e338f1f92dc86dcb8ff447acdf4b3b7bd4246b7be8ef88b3668',
        }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      },
      scopeMetrics: [
        {
          scope: { name: 'bench' },
          metrics: [
            {
              name: 'command_invocation',
              unit: '{invocation}',
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: [
                  {
                    attributes: [{ key: 'command_name', value: { stringValue: 'build' } }],
                    startTimeUnixNano: '1795236560598000000',
                    timeUnixNano: '1795236561072000000',
                    asInt: '4',
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
})
