"""Random histories of calls: a model of the phone company, desks of real JavaScript, and the site.

The model is written from Twilio's documentation and shares nothing with the product, so that an
error in one of them shows as a disagreement. It takes the place of api.twilio.com: the product's
own client for it runs, and the webhooks go through all of the site's middleware and views.
"""
