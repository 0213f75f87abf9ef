"""Everything of a deployment on Azure, part by part, and the commands by which it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_azure_native as azure
from azure_access import Access, AccessArgs, lacking
from azure_functions import Functions, FunctionsArgs
from azure_monitor import Monitor, MonitorArgs
from azure_network import Network, NetworkArgs, misplaced
from azure_notices import Notices, NoticesArgs
from azure_settings import Home, read
from azure_storage import Storage, StorageArgs
from azure_tables import Tables, TablesArgs
from stack_settings import AzureSettings as Settings
from stack_settings import Mistakes, with_files

from domicile import geography
from domicile.configuration import Files
from domicile.providers.azure import permissions

PROJECT: Final = Path(__file__).parents[1]
BUNDLE: Final = "build/azure/functions.zip"


def deploy(
    given: Mapping[str, str], location: str, project: Path = PROJECT, actions: Sequence[str] | None = None
) -> dict[str, Any]:
    """Make everything, once all that was asked for is known to be right. Returns the stack's outputs. `actions` are
    those that scans need."""
    settings, _ = checked(given, location, project)
    here = azure.authorization.get_client_config()
    home = Home(settings, geography.azure_region(location), here.subscription_id, here.object_id)
    if mistakes := list(misplaced(home)):
        raise Mistakes(mistakes)
    needed = permissions() if actions is None else actions
    group = azure.resources.ResourceGroup(
        "group",
        resource_group_name=home.group,
        location=home.location,
        tags=dict(settings.tags),
        # What is in a group goes with it.
        opts=pulumi.ResourceOptions(retain_on_delete=settings.keep_data),
    )
    access = Access("access", AccessArgs(home, group.name, needed))
    storage = Storage("storage", StorageArgs(home, group.name, access.principal))
    tables = Tables("tables", TablesArgs(home, group.name, access.principal))
    notices = Notices("notices", NoticesArgs(home, group.name, access.principal))
    monitor = Monitor("monitor", MonitorArgs(home, group.name, access.principal))
    private = settings.private_endpoint_subnet_id
    network = (
        Network("network", NetworkArgs(home, group.name, storage.account_id, tables.account_id)) if private else None
    )
    functions = Functions(
        "functions",
        FunctionsArgs(
            home=home,
            group=group.name,
            principal=access.principal,
            client=access.client,
            identity=access.identity,
            account=storage.account,
            store=tables.store,
            topic=notices.topic,
            telemetry=monitor.telemetry,
        ),
        # What starts scans comes last: a scan finds everything it needs.
        pulumi.ResourceOptions(depends_on=[access, storage, tables, notices, monitor, *filter(None, [network])]),
    )
    return {
        **_outputs(home, storage, tables, notices, monitor, functions),
        **_request(home, access, lacking(needed)),
        **_names(home, network),
    }


def checked(given: Mapping[str, str], location: str, project: Path) -> tuple[Settings, Files]:
    """The configuration and the organisation file. Raises `Mistakes` with all that is wrong with them."""
    return with_files(lambda: read(given, location), given, project, BUNDLE)


def _outputs(
    home: Home, storage: Storage, tables: Tables, notices: Notices, monitor: Monitor, functions: Functions
) -> dict[str, Any]:
    here = f"--resource-group {home.group}"
    work = pulumi.Output.format("azblob://{0}.blob.core.windows.net/work", storage.account)
    alerts = (
        f"https://management.azure.com/subscriptions/{home.subscription}/providers/Microsoft.AlertsManagement/alerts"
        f"?api-version=2019-03-01&targetResourceGroup={home.group}&monitorCondition=Fired"
    )
    return {
        # Not `az functionapp deployment source config-zip`, which has code in Python built anew in Azure.
        "deployCode": pulumi.Output.format(
            'curl --fail --request POST "https://{0}/api/publish?RemoteBuild=false" --data-binary @{1} '
            '--header "Content-Type: application/zip" '
            '--header "Authorization: Bearer $(az account get-access-token --query accessToken --output tsv)"',
            functions.host.apply(_publishing),
            BUNDLE,
        ),
        "pushConfig": pulumi.Output.format("domicile config push --to {0} {1}", work, home.settings.organisation_file),
        "runNow": pulumi.Output.format(
            'curl --fail --request POST https://{1}/admin/functions/start --header "Content-Type: application/json" '
            '--header "x-functions-key: $(az functionapp keys list {0} --name {2} --query masterKey --output tsv)" '
            "--data '{{}}'",
            here,
            functions.host,
            functions.app,
        ),
        "openViolations": pulumi.Output.format("domicile violations --store {0}", tables.store),
        "editConfig": pulumi.Output.format("domicile config pull --from {0}", work),
        "logs": pulumi.Output.format(
            "az monitor log-analytics query --workspace {0} --timespan P2D --output table --analytics-query "
            "'AppTraces | project TimeGenerated, OperationName, Message | order by TimeGenerated asc'",
            monitor.customer,
        ),
        "alerts": f"az rest --method get --url '{alerts}'",
        "sender": notices.sender,
        "removeForGood": "pulumi config set domicile:keepData false && pulumi up --yes && pulumi destroy --yes",
        "leavesTheCountry": (
            "names, tags and settings of resources, roles and identities, which Azure Resource Manager and Entra ID "
            "keep everywhere; the addresses for alerts, which are kept in a global resource, and the alerts; and mail, "
            "which carries ids, names and counts, and of which Communication Services keeps what it keeps in "
            f"{home.mail_data_location}"
        ),
    }


def _publishing(host: str) -> str:
    """The host that takes code for a function app, from the app's own."""
    app, _, rest = host.partition(".")
    return f"{app}.scm.{rest}"


def _request(home: Home, access: Access, also: Sequence[str]) -> dict[str, Any]:
    """What somebody else is asked to do where roles are not this deployment's to give."""
    if home.settings.grants == "create":
        return {}
    assigned = [
        pulumi.Output.format(
            "az role assignment create --assignee-object-id {0} --assignee-principal-type ServicePrincipal "
            "--role Reader --scope {1}",
            access.principal,
            scope,
        )
        for scope in home.scopes
    ]
    request: dict[str, Any] = {"roleRequest": pulumi.Output.all(*assigned).apply(" && ".join)}
    return request | ({"actionsBesideReader": list(also)} if also else {})


def _names(home: Home, network: Network | None) -> dict[str, Any]:
    """What somebody else is asked to do where names are not this deployment's to give."""
    if network is None or home.settings.private_dns == "create":
        return {}
    return {"dnsRequest": dict(network.endpoints)}
