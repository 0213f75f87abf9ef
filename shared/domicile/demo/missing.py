"""Operations of AWS that moto has not: answered with nothing, until `LocalCloud.answer` says what there is."""

from typing import Final

MISSING: Final[tuple[tuple[str, str], ...]] = (
    ("backup", "ListCopyJobs"),
    ("backup", "ListRecoveryPointsByBackupVault"),
    ("bedrock", "ListInferenceProfiles"),
    ("bedrock", "ListModelCopyJobs"),
    ("cloudtrail", "ListEventDataStores"),
    ("dlm", "GetLifecyclePolicies"),
    ("dlm", "GetLifecyclePolicy"),
    ("dynamodb", "ListGlobalTables"),
    ("ecr", "DescribePullThroughCacheRules"),
    ("efs", "DescribeReplicationConfigurations"),
    ("fsx", "DescribeDataRepositoryAssociations"),
    ("kafka", "ListReplicators"),
    ("logs", "DescribeAccountPolicies"),
    ("memorydb", "DescribeMultiRegionClusters"),
    ("observabilityadmin", "ListCentralizationRulesForOrganization"),
    ("opensearch", "DescribeInboundConnections"),
    ("redshift", "DescribeDataSharesForProducer"),
    ("redshift", "DescribeInboundIntegrations"),
    ("redshift-serverless", "ListNamespaces"),
    ("redshift-serverless", "ListRecoveryPoints"),
    ("redshift-serverless", "ListSnapshotCopyConfigurations"),
    ("redshift-serverless", "ListSnapshots"),
    ("s3tables", "GetTableBucketEncryption"),
    ("s3tables", "GetTableBucketReplication"),
    ("s3tables", "ListTagsForResource"),
)
