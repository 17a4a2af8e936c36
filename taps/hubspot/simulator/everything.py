"""One of everything that an account can hold, for a first look and for those who check our fields against HubSpot's."""

from __future__ import annotations

from taps.hubspot.simulator.portal import LOST, WON, Portal
from taps.hubspot.simulator.properties import defined
from taps.hubspot.sweep import written


def one_of_each(portal: Portal) -> dict[str, int]:
    """Let each kind of thing happen once, the clock moving on between; the ids of the deals by what they show."""
    for name in ("vat_number", "payment_terms"):
        portal.properties["companies"][name] = defined(name, hubspotDefined=False)
    owner = portal.hire("Mary", "Seacole", "mary@example.com")
    portal.owners[owner]["teams"] = [{"id": "1", "name": "Hotels", "primary": True}]
    portal.dismiss(portal.hire("Alan", "Turing", "alan@example.com"))
    group = portal.create("companies", {"name": "Grand Hotels Group", "domain": "grand.example.com", "lifecyclestage": "customer"}).id
    hotel = _hotel(portal, group)
    guest = portal.create(
        "contacts",
        {
            "firstname": "Ida",
            "lastname": "Wells",
            "email": "ida@grand.example.com",
            "hs_additional_emails": "i.wells@example.com",
            "phone": "+15550100",
            "mobilephone": "+15550101",
            "company": "Grand Hotel",
            "address": "5 Elm Street",
            "city": "Chicago",
            "state": "IL",
            "zip": "60601",
            "country": "United States",
            "hs_email_optout": "true",
            "lifecyclestage": "customer",
        },
        {"companies": [hotel]},
    ).id
    portal.create("contacts", {"firstname": "Not", "lastname": "Yet", "lifecyclestage": "lead"})
    deals = _deals(portal, owner, hotel, guest)
    portal.clock.forward(minutes=1)
    second = portal.create("contacts", {"firstname": "Ida", "lastname": "B. Wells", "email": "ida.b@example.com"}).id
    portal.merge("contacts", portal.merge("contacts", guest, second).id, portal.create("contacts", {"email": "iw@example.com"}).id)
    portal.merge("companies", hotel, portal.create("companies", {"name": "Grand Hotel (old)"}).id)
    portal.archive("contacts", portal.create("contacts", {"email": "gone@example.com"}).id)
    return deals


def _hotel(portal: Portal, group: int) -> int:
    return portal.create(
        "companies",
        {
            "name": "Grand Hotel",
            "phone": "+15550102",
            "address": "1 Main Street",
            "address2": "Back house",
            "city": "Chicago",
            "state": "IL",
            "zip": "60601",
            "country": "United States",
            "hs_parent_company_id": str(group),
            "vat_number": "US12-3456789",
            "payment_terms": "30 days",
            "lifecyclestage": "customer",
        },
    ).id


def _deals(portal: Portal, owner: str, hotel: int, guest: int) -> dict[str, int]:
    soap = portal.create(
        "products",
        {
            "name": "Soap",
            "hs_sku": "SOAP-1",
            "price": "2.50",
            "hs_cost_of_goods_sold": "0.80",
            "hs_product_type": "inventory",
            "description": "A piece",
            "hs_folder_name": "Bathroom",
        },
    ).id
    care = portal.create("products", {"name": "Care plan", "price": "99.00", "hs_product_type": "service"}).id
    common = {"pipeline": "default", "dealstage": WON, "closedate": written(portal.clock()), "hubspot_owner_id": owner}
    made = {"dealname": "Soap for a year", "dealtype": "newbusiness", "description": "Deliver to the back house", "amount": "250.00"}
    parties = {"companies": [hotel], "contacts": [guest]}
    taxed = portal.create("deals", {**common, **made}, parties).id
    line = {"name": "Soap", "description": "Lavender", "hs_sku": "SOAP-1", "hs_product_id": str(soap), "quantity": "100", "price": "2.50"}
    tax = {"hs_tax_label": "Illinois", "hs_tax_rate": "10", "hs_tax_amount": "22.50"}
    own = {"hs_discount_percentage": "10", "hs_cost_of_goods_sold": "0.80", "hs_position_on_quote": "0"}
    portal.create("line_items", {**line, **tax, **own}, {"deals": [taxed]})
    monthly = {"name": "Care plan", "hs_product_id": str(care), "quantity": "1", "price": "99.00", "recurringbillingfrequency": "monthly"}
    portal.create("line_items", {**monthly, "hs_position_on_quote": "1"}, {"deals": [taxed]})
    bare = portal.create("deals", {**common, "dealname": "A talk", "amount": "1200"}, {"contacts": [guest]}).id
    euro = portal.create("deals", {**common, "dealname": "Lamps", "deal_currency_code": "EUR"}, {"companies": [hotel]}).id
    portal.create("line_items", {"name": "Lamp", "quantity": "2", "price": "125", "discount": "5"}, {"deals": [euro]})
    lost = portal.create("deals", {**common, "dealname": "Mugs", "dealstage": LOST, "amount": "10"}, parties).id
    return {"taxed": taxed, "bare": bare, "euro": euro, "lost": lost}
