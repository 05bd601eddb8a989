"""The example application: phone calls, their states, Twilio's webhooks and the agents' desk."""
